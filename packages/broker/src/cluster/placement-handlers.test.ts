/** Methods of the Cluster service that move leaders and replicas, on brokers that share a store and keep no data. */

import {
  type PartitionImage,
  type PartitionValue,
  type PartitionWrite,
  planHandover,
  planOneWrite,
  storedValueOf,
} from "@sluice/cluster";
import { brokerId, leaderEpoch, type ServedMethod, SluiceError, topicName } from "@sluice/model";
import { clusterService, type ElectLeadersRequest } from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HandedPartition } from "../controller/leader-handover.js";
import { OpenStreams } from "../handlers/open-streams.js";
import { silentLogger } from "../logging.js";
import { callServed } from "../testing/call-served.js";
import { ObservedCluster } from "../testing/observed-cluster.js";
import { servedClusterMethods } from "./served-cluster-methods.js";

const never = new AbortController().signal;
const flights = { topic: "flights", partition: 0 };

describe("moving leaders and replicas", () => {
  let cluster: ObservedCluster;
  /** Of each broker, by id. */
  let methods: Map<number, ServedMethod[]>;
  /** Requests that brokers sent one another. */
  let forwarded: number[];
  /** What replicas have, by broker; those that are not there do not answer. */
  let logs: Map<number, { lastEpoch: number; end: number; sizeBytes: number }>;
  /** Candidates of the handovers that were asked for, and why the next ones fail. */
  let handedTo: number[];
  let handoverFailure: SluiceError | undefined;

  beforeEach(async () => {
    cluster = await ObservedCluster.open();
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 });
    [forwarded, handedTo, handoverFailure] = [[], [], undefined];
    logs = new Map();
    methods = new Map(cluster.brokers.map(({ id }, index) => [id, methodsOf(index)]));
    const wanted = { name: "flights", partitions: 3, replicationFactor: 3, configs: [] };
    await cluster.brokerAt(0).topicAdmin.createTopic(wanted, never);
    await everywhere();
  });
  afterEach(() => cluster.close());

  describe("ElectLeaders", () => {
    it("has the leader hand over, wherever it is asked, and answers with the new one", async () => {
      const before = partition();
      expect(before).toMatchObject({ leader: 1, replicas: expect.arrayContaining([1]) });
      const [candidate = 0] = before.inSyncReplicas.filter((id) => id !== 1);
      for (const [asked, chosen, forwards] of [
        [3, candidate, 1],
        [candidate, 1, 0],
      ] as const) {
        const { results } = await elect(asked, {
          type: "ELECTION_TYPE_CHOSEN",
          partitions: [flights],
          brokerIdPlusOne: chosen + 1,
        });
        expect(results).toMatchObject([{ ...flights, leaderIdPlusOne: chosen + 1, error: null }]);
        await everywhere();
        expect(partition().leader).toBe(chosen);
        expect(forwarded.splice(0)).toHaveLength(forwards);
      }
      expect(partition().leaderEpoch).toBe(2);
    });

    it("brings all partitions back to their preferred leaders, and says what it moved", async () => {
      const home = partition().leader ?? 0;
      const [other = 0] = partition().inSyncReplicas.filter((id) => id !== home);
      await elect(home, { type: "ELECTION_TYPE_CHOSEN", partitions: [flights], brokerIdPlusOne: other + 1 });
      await everywhere();
      const { results } = await elect(4, { type: "ELECTION_TYPE_PREFERRED", partitions: [], brokerIdPlusOne: 0 });
      expect(results).toMatchObject([{ ...flights, leaderIdPlusOne: home + 1, error: null }]);
      await everywhere();
      expect(await elect(4, { type: "ELECTION_TYPE_PREFERRED", partitions: [], brokerIdPlusOne: 0 })).toEqual({
        results: [],
      });
    });

    it("says of each partition by itself why it cannot", async () => {
      await write({ inSyncReplicas: [1] });
      const outsider = [1, 2, 3, 4].find((id) => !partition().replicas.includes(brokerId(id))) ?? 0;
      const partitions = [flights, { topic: "flights", partition: 9 }, { topic: "none", partition: 0 }];
      for (const chosen of [outsider, 2]) {
        const { results } = await elect(2, { type: "ELECTION_TYPE_CHOSEN", partitions, brokerIdPlusOne: chosen + 1 });
        expect(results.map(({ error, leaderIdPlusOne }) => [error?.code, leaderIdPlusOne])).toEqual([
          ["LEADER_NOT_ELIGIBLE", 2],
          ["UNKNOWN_PARTITION", 0],
          ["UNKNOWN_TOPIC", 0],
        ]);
      }
      for (const type of ["ELECTION_TYPE_UNSPECIFIED", "ELECTION_TYPE_CHOSEN", "ELECTION_TYPE_UNCLEAN"] as const) {
        await expect(elect(1, { type, partitions: [], brokerIdPlusOne: 0 })).rejects.toMatchObject({
          code: "INVALID_REQUEST",
        });
      }
    });

    it("is not passed on a second time: a broker that is taken for the leader says that it is not", async () => {
      const [candidate = 0] = partition().inSyncReplicas.filter((id) => id !== 1);
      const request: ElectLeadersRequest = {
        type: "ELECTION_TYPE_CHOSEN",
        partitions: [flights],
        brokerIdPlusOne: candidate + 1,
      };
      const { results } = await elect(3, request, { clientId: "sluice-broker-2" });
      expect(results[0]?.error?.code).toBe("NOT_LEADER");
      expect(forwarded).toEqual([]);
    });

    it("takes the longest log, or the one that is named, where records may be lost", async () => {
      const none = { leader: undefined, leaderBrokerEpoch: 0, inSyncReplicas: [], eligibleLeaderReplicas: [] };
      await write({ ...none, leaderEpoch: leaderEpoch(5) });
      const [first = 0, second = 0, third = 0] = partition().replicas;
      const unclean = (brokerIdPlusOne: number): ElectLeadersRequest => ({
        type: "ELECTION_TYPE_UNCLEAN",
        partitions: [flights],
        brokerIdPlusOne,
      });
      const nobodyAnswers = await elect(1, unclean(0));
      expect(nobodyAnswers.results[0]?.error?.code).toBe("LEADER_NOT_AVAILABLE");
      logs.set(first, { lastEpoch: 4, end: 900, sizeBytes: 1 });
      logs.set(second, { lastEpoch: 5, end: 10, sizeBytes: 1 });
      expect((await elect(1, unclean(0))).results).toMatchObject([
        { leaderIdPlusOne: second + 1, leaderEpoch: 6, error: null },
      ]);
      await everywhere();
      expect(partition()).toMatchObject({ inSyncReplicas: [second], eligibleLeaderReplicas: [] });
      expect((await elect(1, unclean(third + 1))).results).toMatchObject([
        { leaderIdPlusOne: third + 1, leaderEpoch: 7 },
      ]);
    });
  });

  describe("reassignments", () => {
    it("are begun, shown and cancelled, each with its own result", async () => {
      const [first = 0, second = 0] = partition().replicas;
      const added = [1, 2, 3, 4].find((id) => !partition().replicas.includes(brokerId(id))) ?? 0;
      const wanted = [
        { ...flights, replicas: [first, second, added] },
        { ...flights, replicas: [first] },
        { topic: "flights", partition: 1, replicas: [9] },
        { topic: "none", partition: 0, replicas: [1] },
      ];
      const check = await alter(2, { reassignments: wanted, validateOnly: true });
      expect(check.results.map(({ error }) => error?.code)).toEqual([
        undefined,
        "INVALID_REQUEST",
        "INVALID_ASSIGNMENT",
        "UNKNOWN_TOPIC",
      ]);
      expect(await describeMoves(2)).toEqual([]);
      const done = await alter(2, { reassignments: wanted, validateOnly: false });
      expect(done.results.map(({ error }) => error?.code)).toEqual([
        undefined,
        "INVALID_REQUEST",
        "INVALID_ASSIGNMENT",
        "UNKNOWN_TOPIC",
      ]);
      expect(await describeMoves(2)).toMatchObject([{ ...flights, addingReplicas: [added], caughtUpReplicas: [] }]);
      await everywhere();
      await write({ inSyncReplicas: [first, added] });
      expect(await describeMoves(3, ["flights"])).toMatchObject([{ ...flights, caughtUpReplicas: [added] }]);
      expect(await describeMoves(3, ["other"])).toEqual([]);
    });

    it("end when the controller sees that all wanted replicas are in sync", async () => {
      const { replicas } = partition();
      const added = [1, 2, 3, 4].map(brokerId).find((id) => !replicas.includes(id)) ?? brokerId(0);
      const wanted = [replicas[0] ?? 0, added, replicas[1] ?? 0];
      await alter(1, { reassignments: [{ ...flights, replicas: wanted }], validateOnly: false });
      await everywhere();
      await write({ inSyncReplicas: [...replicas, added] });
      await cluster.until(
        (image) => (image.topics.get(topicName("flights"))?.partitions[0]?.addingReplicas.length ?? 1) === 0,
      );
      expect(partition()).toMatchObject({ replicas: wanted, removingReplicas: [], leader: replicas[0] });
    });

    it("are taken back by an empty list", async () => {
      const { replicas } = partition();
      const added = [1, 2, 3, 4].find((id) => !replicas.includes(brokerId(id))) ?? 0;
      await alter(1, { reassignments: [{ ...flights, replicas: [...replicas, added] }], validateOnly: false });
      await everywhere();
      const { results } = await alter(2, { reassignments: [{ ...flights, replicas: [] }], validateOnly: false });
      expect(results).toMatchObject([{ error: null }]);
      await everywhere();
      expect(partition()).toMatchObject({ replicas, addingReplicas: [] });
    });

    it("are taken back after an added replica that leads has handed over, and all the same where it cannot", async () => {
      const { replicas, leader: home = 0 } = partition();
      const added = [1, 2, 3, 4].find((id) => !replicas.includes(brokerId(id))) ?? 0;
      for (const canHandOver of [true, false]) {
        const { leaderEpoch: epoch } = partition();
        await alter(1, { reassignments: [{ ...flights, replicas: [added, ...replicas] }], validateOnly: false });
        await everywhere();
        // Not all wanted ones: the move goes on.
        await write({ inSyncReplicas: [...replicas.slice(0, 2), added] });
        await elect(1, { type: "ELECTION_TYPE_CHOSEN", partitions: [flights], brokerIdPlusOne: added + 1 });
        await everywhere();
        handoverFailure = canHandOver ? undefined : new SluiceError("LEADER_NOT_AVAILABLE", flights);
        handedTo.length = 0;
        await alter(2, { reassignments: [{ ...flights, replicas: [] }], validateOnly: false });
        await everywhere();
        handoverFailure = undefined;
        expect(handedTo).toEqual([home]);
        expect(partition()).toMatchObject({ replicas, addingReplicas: [], leader: home, leaderEpoch: epoch + 2 });
      }
    });

    it("are planned again where somebody changes the partition in the same moment", async () => {
      const { replicas } = partition();
      const added = [1, 2, 3, 4].find((id) => !replicas.includes(brokerId(id))) ?? 0;
      const hold = cluster.brokerAt(1).store.holdAfter(0);
      const asked = alter(2, { reassignments: [{ ...flights, replicas: [...replicas, added] }], validateOnly: false });
      await hold.held;
      await write({ inSyncReplicas: replicas.slice(0, 2) });
      hold.resume();
      expect((await asked).results).toMatchObject([{ error: null }]);
      expect(partition().addingReplicas).toEqual([added]);
    });

    it("are thought up with what they cost, as far as leaders say how much there is", async () => {
      const drained = partition().replicas[1] ?? 0;
      const all = [...(cluster.observer.image.topics.get(topicName("flights"))?.partitions ?? [])];
      const affected = all.filter(({ replicas }) => replicas.includes(brokerId(drained)));
      for (const id of [1, 2, 3, 4]) logs.set(id, { lastEpoch: 0, end: 10, sizeBytes: 1000 });
      const plan = await planMoves(3, { drainBrokerIdPlusOne: drained + 1, topics: [] });
      expect(plan.reassignments).toHaveLength(affected.length);
      expect(plan).toMatchObject({ replicasMoved: affected.length, bytesMoved: 1000 * affected.length });
      const { results } = await alter(3, { reassignments: plan.reassignments, validateOnly: true });
      expect(results.every(({ error }) => error === null)).toBe(true);
      logs.clear();
      expect(await planMoves(3, { drainBrokerIdPlusOne: drained + 1, topics: [] })).toMatchObject({ bytesMoved: 0 });
      await expect(planMoves(3, { drainBrokerIdPlusOne: 10, topics: [] })).rejects.toMatchObject({
        code: "UNKNOWN_BROKER",
      });
      await expect(planMoves(3, { drainBrokerIdPlusOne: 0, topics: ["none"] })).rejects.toMatchObject({
        code: "UNKNOWN_TOPIC",
      });
    });
  });

  it("marks a broker as drained, and nothing new is placed on it until the mark is gone", async () => {
    const drain = (id: number, drained: boolean) =>
      callServed(methods.get(1) ?? [], { method: clusterService.setBrokerDrained, request: { brokerId: id, drained } });
    await drain(2, true);
    const options = { name: "new", partitions: 4, replicationFactor: 3, configs: [] };
    const topic = await cluster.brokerAt(0).topicAdmin.createTopic(options, never);
    expect(topic.partitions.flatMap(({ replicas }) => replicas)).not.toContain(2);
    await drain(2, false);
    const again = await cluster.brokerAt(0).topicAdmin.createTopic({ ...options, name: "newer" }, never);
    expect(again.partitions.flatMap(({ replicas }) => replicas)).toContain(2);
    await expect(drain(9, true)).rejects.toMatchObject({ code: "UNKNOWN_BROKER" });
    await expect(drain(-1, true)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });

  function methodsOf(index: number): ServedMethod[] {
    const broker = cluster.brokerAt(index);
    const { store, images } = broker;
    return servedClusterMethods(
      { brokerId: brokerId(broker.id), listener: "" },
      {
        store,
        storeHistory: { refusesRoles: false },
        images,
        streams: new OpenStreams(),
        clock: cluster.clock,
        logger: silentLogger,
        internalClient: {
          electLeaders: async (to, request) => {
            forwarded.push(to);
            return (await elect(to, request, { clientId: `sluice-broker-${broker.id}` })).results;
          },
          describeReplicas: async (to, replicas) => {
            const log = logs.get(to);
            if (log === undefined)
              throw new SluiceError("BROKER_UNREACHABLE", { addresses: `broker ${to}`, reason: "it is away" });
            return {
              brokerEpoch: images.image.brokers.get(to)?.brokerEpoch ?? 0,
              history: 0,
              refusesRoles: false,
              replicas: replicas.map((name) => ({
                ...name,
                lastEpochPlusOne: log.lastEpoch + 1,
                knownEpochPlusOne: log.lastEpoch + 1,
                logEndOffset: log.end,
                logStartOffset: 0,
                highWatermark: 0,
                sizeBytes: log.sizeBytes,
              })),
            };
          },
        },
        led: (topicId, partition) => handed(index, images.image.topicsById.get(topicId)?.partitions[partition]),
        handOver: ({ topicId, partition }, candidate) => handOver(index, { topicId, partition }, candidate),
      },
    );
  }

  function handed(index: number, led: PartitionImage | undefined): HandedPartition | undefined {
    if (led === undefined || led.leader !== cluster.brokerAt(index).id) return undefined;
    const { topicId, partition } = led;
    return { topic: "flights", topicId, partition, startHandover: () => undefined, endHandover: () => undefined };
  }

  /** As the leader writes it once the candidate has everything. */
  async function handOver(
    index: number,
    name: Pick<PartitionImage, "topicId" | "partition">,
    candidate: number,
  ): Promise<void> {
    handedTo.push(candidate);
    if (handoverFailure !== undefined) throw handoverFailure;
    const { image, brokerEpoch, id, images } = cluster.brokerAt(index);
    const led = image.topicsById.get(name.topicId)?.partitions[name.partition];
    const handover = { ...name, leaderEpoch: led?.leaderEpoch ?? leaderEpoch(0), candidate: brokerId(candidate) };
    const { transactions } = planHandover(image, [handover], { id: brokerId(id), brokerEpoch, isLeaving: false });
    for (const { compares, operations } of transactions) {
      const { revision } = await cluster.store.transact(compares, operations);
      await images.waitFor((next) => next.revision >= revision);
    }
  }

  function partition(): PartitionImage {
    return cluster.partitionAt(0);
  }

  /** What somebody else has written; all brokers know it. */
  async function write(more: { readonly [Member in keyof PartitionValue]?: unknown }): Promise<void> {
    await everywhere();
    const before = partition();
    const value = { ...storedValueOf(before), ...more } as PartitionValue;
    const planned: PartitionWrite = { partition: before, value, compares: [] };
    const { compares, operations } = planOneWrite("test", planned);
    expect(await cluster.store.transact(compares, operations)).toMatchObject({ succeeded: true });
    await everywhere();
  }

  /** All brokers know what the store holds. */
  async function everywhere(): Promise<void> {
    const { revision } = await cluster.store.list("");
    await cluster.until((image) => image.revision >= revision);
    await Promise.all(cluster.brokers.map(({ images }) => images.waitFor((image) => image.revision >= revision)));
  }

  function elect(id: number, request: ElectLeadersRequest, caller?: { readonly clientId: string }) {
    return callServed(methods.get(id) ?? [], { method: clusterService.electLeaders, request }, caller);
  }

  function alter(
    id: number,
    request: {
      readonly reassignments: { topic: string; partition: number; replicas: number[] }[];
      readonly validateOnly: boolean;
    },
  ) {
    return callServed(methods.get(id) ?? [], { method: clusterService.alterReassignments, request });
  }

  async function describeMoves(id: number, topics: string[] = []) {
    const request = { method: clusterService.describeReassignments, request: { topics } };
    return (await callServed(methods.get(id) ?? [], request)).reassignments;
  }

  function planMoves(id: number, request: { drainBrokerIdPlusOne: number; topics: string[] }) {
    return callServed(methods.get(id) ?? [], { method: clusterService.planReassignments, request });
  }
});
