import { isSluiceError, SluiceError, type UnaryMethod } from "@sluice/model";
import { clusterService, logService, toWireError } from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Sluice } from "../sluice.js";
import { FakeCluster } from "../testing/fake-cluster.js";
import { testClient } from "../testing/test-client.js";
import type { Admin } from "./admin.js";
import type { AdminError } from "./admin-failures.js";

describe("Admin", () => {
  let cluster: FakeCluster;
  let client: Sluice;
  let admin: Admin;

  beforeEach(() => {
    cluster = new FakeCluster({ brokers: 2 });
    client = testClient(cluster);
    admin = client.admin();
  });
  afterEach(() => client.close());

  it("asks again where the cluster changed meanwhile, and not where it does not know what came of it", async () => {
    const answers = [new SluiceError("STORE_CONFLICT", { operation: "x" }), undefined];
    const conflicts = serve(clusterService.createTopic, () => {
      const error = answers.shift();
      if (error !== undefined) throw error;
      return { topic: null };
    });
    cluster.createTopic("a", 1);
    expect(await admin.createTopics({ topics: [{ topic: "a" }] })).toBe(true);
    expect(conflicts).toHaveLength(2);
    const lost = serve(clusterService.createTopic, () => {
      throw new SluiceError("BROKER_UNREACHABLE", { addresses: "x", reason: "connection cut" });
    });
    const error = await failure(admin.createTopics({ topics: [{ topic: "b" }] }));
    expect(error.code).toBe("BROKER_UNREACHABLE");
    expect(lost).toHaveLength(1);
  });

  it("has only so many topics of one call under way, and names all that failed", async () => {
    let [running, most] = [0, 0];
    const calls = serve(clusterService.deleteTopic, async ({ name }) => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
      running -= 1;
      if (name.endsWith("7")) throw new SluiceError("UNKNOWN_TOPIC", { topic: name });
      return {};
    });
    const topics = Array.from({ length: 100 }, (_, index) => `t${index}`);
    const error = await failure(admin.deleteTopics({ topics }));
    expect(calls).toHaveLength(100);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
    expect(error.message).toContain("'t7'");
    expect(error.failures.map(({ name }) => name)).toEqual(topics.filter((name) => name.endsWith("7")));
  });

  it("does nothing where one name of several is no topic name", async () => {
    const calls = serve(clusterService.deleteTopic, () => ({}));
    const refused = admin.deleteTopics({ topics: ["a", "b c"] });
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "INVALID_TOPIC_NAME"));
    expect(calls).toEqual([]);
  });

  it("deletes records at the new leader where the old one has moved on, and nothing twice at those that are done", async () => {
    cluster.createTopic("t", 2);
    let moves = 1;
    const calls = serve(logService.deleteRecords, ({ partitions }) => ({
      partitions: partitions.map(({ topic, partition }) => {
        if (partition === 1 && moves > 0) {
          moves -= 1;
          const error = toWireError(new SluiceError("NOT_LEADER", { broker: 2, topic, partition, leader: 1 }));
          return { topic, partition, logStartOffset: 0, error };
        }
        return { topic, partition, logStartOffset: 5, error: null };
      }),
    }));
    const partitions = [
      { partition: 0, offset: 5 },
      { partition: 1, offset: "5" },
    ];
    expect(await admin.deleteTopicRecords({ topic: "t", partitions })).toEqual([
      { partition: 0, low: 5 },
      { partition: 1, low: 5 },
    ]);
    const asked = calls.flatMap((request) => request.partitions.map(({ partition }) => partition));
    expect(asked.sort()).toEqual([0, 1, 1]);
    expect(calls.every((request) => request.partitions.every(({ beforeOffset }) => beforeOffset === 5))).toBe(true);
  });

  it("refuses what it does not know before it asks, and everything once it is closed", async () => {
    await expect(admin.createTopics({ topics: [{ topic: "a", partitions: 3 }] } as never)).rejects.toSatisfy((error) =>
      isSluiceError(error, "UNKNOWN_OPTION"),
    );
    await expect(admin.createTopics({} as never)).rejects.toSatisfy((error) => isSluiceError(error, "INVALID_OPTION"));
    const assignments = { topic: "a", count: 2, assignments: [[1]] };
    await expect(admin.createPartitions({ topicPartitions: [assignments] })).rejects.toSatisfy((error) =>
      isSluiceError(error, "REPLACED_OPTION"),
    );
    await admin.close();
    const calls = [
      admin.createTopics({ topics: [{ topic: "a" }] }),
      admin.alterTopicConfigs({ topic: "a", reset: ["flush"] }),
      admin.deleteTopicRecords({ topic: "a", partitions: [{ partition: 0, offset: -1 }] }),
      admin.describeBroker(),
    ];
    for (const call of calls) await expect(call).rejects.toSatisfy((error) => isSluiceError(error, "CLOSED"));
  });

  it("shows partitions with the names of kafkajs too", async () => {
    cluster.createTopic("t", 2);
    cluster.moveLeader("t", 1, undefined);
    const { topics } = await admin.fetchTopicMetadata({ topics: ["t"] });
    expect(topics[0]?.partitions[0]).toMatchObject({ partitionErrorCode: 0, partitionId: 0, leader: 1, isr: [1] });
    expect(topics[0]?.partitions[1]).toMatchObject({ partitionErrorCode: 34, partitionId: 1, leader: -1 });
  });

  /** Both brokers serve the method so; returns the requests that came. */
  function serve<Request, Response>(
    method: UnaryMethod<Request, Response>,
    answer: (request: Request) => Response | Promise<Response>,
  ): Request[] {
    const requests: Request[] = [];
    for (const endpoint of cluster.transport.endpoints.values()) {
      const unary = endpoint.unary as Map<string, (request: Request) => Promise<Response>>;
      unary.set(method.path, async (request) => {
        requests.push(request);
        return answer(request);
      });
    }
    return requests;
  }
});

async function failure(attempt: Promise<unknown>): Promise<AdminError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(isSluiceError(error), String(error)).toBe(true);
  return error as AdminError;
}
