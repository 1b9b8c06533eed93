import { SluiceError, type UnaryMethod } from "@sluice/model";
import { clusterService, toWireError } from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Sluice } from "../sluice.js";
import { FakeCluster } from "../testing/fake-cluster.js";
import type { FakeEndpoint } from "../testing/fake-transport.js";
import { testClient } from "../testing/test-client.js";
import type { Admin } from "./admin.js";
import type { AdminError } from "./admin-failures.js";

describe("an admin, about leaders and replicas", () => {
  let cluster: FakeCluster;
  let client: Sluice;
  let admin: Admin;

  beforeEach(() => {
    cluster = new FakeCluster({ brokers: 2 });
    client = testClient(cluster);
    admin = client.admin();
  });
  afterEach(() => client.close());

  /** Every broker serves the method so; returns the requests that arrive, each with the broker. */
  function serve<Request, Response>(
    method: UnaryMethod<Request, Response>,
    answer: (request: Request, broker: number) => Response,
  ): { readonly broker: number; readonly request: Request }[] {
    const arrived: { readonly broker: number; readonly request: Request }[] = [];
    for (const broker of [1, 2]) {
      const { unary } = cluster.transport.endpoints.get(`broker-${broker}:9092`) as FakeEndpoint;
      (unary as Map<string, (request: never) => Promise<unknown>>).set(method.path, async (request) => {
        arrived.push({ broker, request });
        return answer(request, broker);
      });
    }
    return arrived;
  }

  it("elects leaders, and tells for each partition who leads and why not another", async () => {
    const refusal = new SluiceError("LEADER_NOT_ELIGIBLE", { broker: 2, topic: "t", partition: 1, reason: "x" });
    const arrived = serve(clusterService.electLeaders, () => ({
      results: [
        { topic: "t", partition: 0, leaderIdPlusOne: 3, leaderEpoch: 5, error: null },
        { topic: "t", partition: 1, leaderIdPlusOne: 0, leaderEpoch: 6, error: toWireError(refusal) },
      ],
    }));
    const partitions = [0, 1].map((partition) => ({ topic: "t", partition }));
    const elected = await admin.electLeaders({ type: "chosen", partitions, brokerId: 2 });
    expect(elected).toMatchObject([
      { topic: "t", partition: 0, leaderId: 2, leaderEpoch: 5 },
      { topic: "t", partition: 1, leaderId: undefined, leaderEpoch: 6, error: { code: "LEADER_NOT_ELIGIBLE" } },
    ]);
    expect(arrived[0]?.request).toEqual({ type: "ELECTION_TYPE_CHOSEN", partitions, brokerIdPlusOne: 3 });
  });

  it("elects all preferred leaders without partitions, and none where the list is empty", async () => {
    const arrived = serve(clusterService.electLeaders, () => ({ results: [] }));
    await admin.electLeaders({ type: "preferred" });
    await admin.electLeaders({ type: "preferred", partitions: [] });
    await admin.electLeaders({ type: "unclean", partitions: [] });
    expect(arrived.map(({ request }) => request)).toEqual([
      { type: "ELECTION_TYPE_PREFERRED", partitions: [], brokerIdPlusOne: 0 },
    ]);
  });

  it.each([
    [{ type: "fast" }, "type"],
    [{ type: "chosen", partitions: [{ topic: "t", partition: 0 }] }, "brokerId"],
    [{ type: "chosen", partitions: [{ topic: "t", partition: 0 }], brokerId: -1 }, "brokerId"],
    [{ type: "unclean" }, "partitions"],
  ])("refuses %j", async (election, option) => {
    await expect(admin.electLeaders(election as never)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      details: { option },
    });
  });

  it("asks the next broker where one is fenced", async () => {
    let first: number | undefined;
    const arrived = serve(clusterService.setBrokerDrained, (_, broker) => {
      first ??= broker;
      if (broker === first) throw new SluiceError("BROKER_FENCED", { broker });
      return {};
    });
    await admin.setBrokerDrained({ brokerId: 7, drained: true });
    expect(arrived.map(({ request }) => request)).toEqual(Array(2).fill({ brokerId: 7, drained: true }));
    expect(new Set(arrived.map(({ broker }) => broker)).size).toBe(2);
  });

  it("begins moves, and names those that were refused", async () => {
    const error = new SluiceError("REASSIGNMENT_IN_PROGRESS", { topic: "t", partition: 1 });
    const arrived = serve(clusterService.alterReassignments, () => ({
      results: [
        { topic: "t", partition: 0, error: null },
        { topic: "t", partition: 1, error: toWireError(error) },
      ],
    }));
    const partitionAssignment = [
      { partition: 0, replicas: [1, 2] },
      { partition: 1, replicas: [] },
    ];
    const failed = (await admin
      .alterPartitionReassignments({ topics: [{ topic: "t", partitionAssignment }], validateOnly: true })
      .catch((thrown: unknown) => thrown)) as AdminError;
    expect(failed.failures).toMatchObject([{ name: "t", partition: 1, error: { code: "REASSIGNMENT_IN_PROGRESS" } }]);
    const reassignments = partitionAssignment.map((one) => ({ topic: "t", ...one }));
    expect(arrived[0]?.request).toEqual({ reassignments, validateOnly: true });
  });

  it("lists moves under way, by topic, of the partitions asked for", async () => {
    const move = { replicas: [1, 2], addingReplicas: [2], removingReplicas: [1], caughtUpReplicas: [] };
    const moves = ["a 0", "a 1", "b 0"].map((text) => {
      const [topic = "", partition] = text.split(" ");
      return { topic, partition: Number(partition), ...move };
    });
    serve(clusterService.describeReassignments, () => ({ reassignments: moves }));
    const { topics } = await admin.listPartitionReassignments({
      topics: [{ topic: "a", partitions: [1] }, { topic: "b" }],
    });
    expect(topics).toEqual([
      { topic: "a", partitions: [{ partition: 1, partitionIndex: 1, ...move }] },
      { topic: "b", partitions: [{ partition: 0, partitionIndex: 0, ...move }] },
    ]);
  });

  it("plans what alterPartitionReassignments takes", async () => {
    const arrived = serve(clusterService.planReassignments, () => ({
      reassignments: [0, 1].map((partition) => ({ topic: "t", partition, replicas: [2, 3] })),
      replicasMoved: 2,
      leadersMoved: 1,
      bytesMoved: 1000,
    }));
    const plan = await admin.planReassignments({ drainBroker: 1 });
    const partitionAssignment = [0, 1].map((partition) => ({ partition, replicas: [2, 3] }));
    expect(plan).toEqual({
      topics: [{ topic: "t", partitionAssignment }],
      replicasMoved: 2,
      leadersMoved: 1,
      bytesMoved: 1000,
    });
    expect(arrived[0]?.request).toEqual({ drainBrokerIdPlusOne: 2, topics: [] });
  });
});
