import {
  formatHistoryValue,
  formatPartitionValue,
  formatTopicValue,
  historyKey,
  lastRegistrationKey,
  partitionKey,
  planRegistration,
  topicKey,
} from "@sluice/cluster";
import { ImageWatcher, MemoryClusterStore } from "@sluice/coordination";
import { type BrokerId, brokerId, leaderEpoch, SluiceError, topicId, topicName } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import type { DescribeReplicasResponse } from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.js";
import { RestoreAdoption } from "./restore-adoption.js";

const id = topicId("00000000-0000-4000-8000-000000000001");
const ids = [1, 2, 3].map(brokerId);
const address = { host: "h", port: 1, rack: "", listeners: {} };

describe("RestoreAdoption", () => {
  let store: MemoryClusterStore;
  let images: ImageWatcher;
  let answers: Map<BrokerId, DescribeReplicasResponse>;
  let adoption: RestoreAdoption;
  let refusesRoles: boolean;

  beforeEach(async () => {
    const clock = new VirtualClock();
    store = new MemoryClusterStore({ clock, random: new SeededRandom(1) });
    images = new ImageWatcher(
      {
        onError: (error) => {
          throw error;
        },
      },
      { store, clock },
    );
    answers = new Map();
    for (const broker of ids) answers.set(broker, answerOf(await register(broker), 10 * broker));
    await store.transact(
      [],
      [
        { type: "put", key: partitionKey(id, 0), value: formatPartitionValue(partition) },
        { type: "put", key: topicKey(topicName("t")), value: formatTopicValue(topic) },
        { type: "put", key: historyKey, value: formatHistoryValue({ number: 2, state: "restored" }) },
      ],
    );
    await images.start();
    refusesRoles = true;
    images.subscribe(({ history }) => {
      refusesRoles = history.isRestored;
    });
    adoption = new RestoreAdoption({
      store,
      images,
      logger: silentLogger,
      storeHistory: {
        get refusesRoles() {
          return refusesRoles;
        },
      },
      internalClient: {
        describeReplicas: async (broker) => {
          const answer = answers.get(broker);
          if (answer === undefined) throw new SluiceError("REQUEST_TIMED_OUT", { operation: "asking", timeoutMs: 1 });
          return answer;
        },
      },
    });
  });

  afterEach(async () => {
    images.close();
    await store.close();
  });

  const topic = { id, partitions: 1, configs: {} };
  const partition = {
    leader: brokerId(1),
    leaderBrokerEpoch: 1,
    leaderEpoch: leaderEpoch(4),
    inSyncReplicas: ids,
    eligibleLeaderReplicas: [],
    lastEligibleLeaderReplicas: [],
    replicas: ids,
    addingReplicas: [],
    removingReplicas: [],
  };

  async function register(broker: BrokerId): Promise<number> {
    const { leaseId } = await store.grantLease(10_000);
    const lastVersion = (await store.get(lastRegistrationKey(broker)))?.modRevision ?? 0;
    const plan = planRegistration({ id: broker, incarnation: "i", ...address, leaseId, lastVersion });
    return (await store.transact(plan.compares, plan.operations)).revision;
  }

  function answerOf(brokerEpoch: number, logEndOffset: number): DescribeReplicasResponse {
    const position = { logEndOffset, logStartOffset: 0, highWatermark: 0, sizeBytes: 0 };
    const epochs = { lastEpochPlusOne: 7, knownEpochPlusOne: 9 };
    return {
      brokerEpoch,
      history: 2,
      refusesRoles: true,
      replicas: [{ topicId: id, partition: 0, ...epochs, ...position }],
    };
  }

  function change(broker: number, over: Partial<DescribeReplicasResponse>): void {
    const answer = answers.get(brokerId(broker)) as DescribeReplicasResponse;
    answers.set(brokerId(broker), { ...answer, ...over });
  }

  async function refusal(): Promise<SluiceError> {
    const { revision } = await store.list("");
    const error = await adoption.adopt().then(
      () => undefined,
      (thrown: unknown) => thrown as SluiceError,
    );
    expect(error).toMatchObject({ code: "BROKER_UNREACHABLE" });
    expect((await store.list("")).revision).toBe(revision);
    return error as SluiceError;
  }

  it("sets every partition anew, begins the next history, and does nothing a second time", async () => {
    expect(await adoption.adopt()).toBe(1);
    const { history, topicsById } = images.image;
    expect(history).toMatchObject({ number: 3, isRestored: false });
    expect(topicsById.get(id)?.partitions[0]).toMatchObject({
      leader: undefined,
      leaderEpoch: 9,
      inSyncReplicas: [3],
    });
    expect(await adoption.adopt()).toBe(0);
  });

  it("waits for the store to say what this broker has found already", async () => {
    const restored = formatHistoryValue({ number: 2, state: "restored" });
    await store.transact([], [{ type: "delete", key: historyKey }]);
    await images.waitFor(({ history }) => !history.isRestored);
    refusesRoles = true;
    const adopted = adoption.adopt();
    await store.transact([], [{ type: "put", key: historyKey, value: restored }]);
    expect(await adopted).toBe(1);
  });

  it("names every broker that is not registered or does not answer, and changes nothing", async () => {
    const { leaseId = "" } = (await store.list("")).entries.find(({ key }) => key.endsWith("ids/2")) ?? {};
    await store.revokeLease(leaseId);
    await images.waitFor(({ brokers }) => !brokers.has(brokerId(2)));
    answers.delete(brokerId(3));
    const { message } = await refusal();
    expect(message).toMatch(/broker 2, broker 3.*broker 2 is not registered; broker 3 does not answer/);
  });

  it("waits for a broker that still works with the store as it was", async () => {
    change(2, { refusesRoles: false });
    expect((await refusal()).message).toContain("broker 2 has not ended its work");
    change(2, { refusesRoles: true, brokerEpoch: 1_000_000 });
    expect((await refusal()).message).toContain("broker 2 has not ended its work");
  });

  it("names replicas that are not open", async () => {
    change(1, { replicas: [] });
    expect((await refusal()).message).toContain("replicas are not open: t-0 on broker 1");
  });

  it("says so when a broker began another life meanwhile, and can be asked again", async () => {
    const entry = (await store.list("")).entries.find(({ key }) => key.endsWith("ids/2"));
    const describe = adoption.adopt();
    await store.transact([], [{ type: "delete", key: entry?.key ?? "" }]);
    await expect(describe).rejects.toMatchObject({ code: "STORE_CONFLICT" });
    const brokerEpoch = await register(brokerId(2));
    change(2, { brokerEpoch });
    await images.waitFor(({ brokers }) => brokers.get(brokerId(2))?.brokerEpoch === brokerEpoch);
    expect(await adoption.adopt()).toBe(1);
  });
});
