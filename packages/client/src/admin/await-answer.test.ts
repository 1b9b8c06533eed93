import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { FakeCluster } from "../testing/fake-cluster.js";
import { settled, testClient } from "../testing/test-client.js";
import type { Admin } from "./admin.js";

const brokerIds = [1, 2];
const requestTimeoutMs = 200;

const reads: readonly (readonly [name: string, read: (admin: Admin) => Promise<unknown>])[] = [
  ["fetchTopicMetadata", (admin) => admin.fetchTopicMetadata({ topics: ["t"] })],
  ["fetchTopicMetadata of all", (admin) => admin.fetchTopicMetadata()],
  ["fetchOffsets", (admin) => admin.fetchOffsets({ groupId: "g", topics: ["t"] })],
  ["fetchTopicOffsets", (admin) => admin.fetchTopicOffsets("t")],
  ["listTopics", (admin) => admin.listTopics()],
  ["describeCluster", (admin) => admin.describeCluster()],
  ["fetchLag", (admin) => admin.fetchLag({ groupId: "g", topics: ["t"], withTime: false })],
];

class Fixture {
  readonly cluster = new FakeCluster({ brokers: brokerIds.length });
  readonly clock = new VirtualClock();
  readonly client = testClient(this.cluster, { clock: this.clock, requestTimeoutMs, connectTimeoutMs: 50 });
  readonly admin = this.client.admin();

  constructor() {
    this.cluster.createTopic("t", 2);
    this.cluster.committed.set("t-0", 0);
  }

  stopAll(): void {
    for (const id of brokerIds) this.cluster.stopBroker(id);
  }

  startAll(): void {
    for (const id of brokerIds) this.cluster.startBroker(id);
  }

  /** Lets so much time pass, millisecond by millisecond. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1) {
      await settled();
      this.clock.advance(1);
    }
    await settled();
  }
}

/** What has come of a promise up to now. */
function watched(promise: Promise<unknown>): { outcome: unknown } {
  const seen: { outcome: unknown } = { outcome: "pending" };
  promise.then(
    (value) => {
      seen.outcome = value;
    },
    (error: unknown) => {
      seen.outcome = error;
    },
  );
  return seen;
}

describe.each(reads)("%s", (_name, read) => {
  it("is answered when brokers answer again that had all been away for a moment", async () => {
    const fixture = new Fixture();
    const before = await read(fixture.admin);
    fixture.stopAll();
    const asked = watched(read(fixture.admin));
    await fixture.pass(60);
    expect(asked.outcome).toBe("pending");
    fixture.startAll();
    await fixture.pass(60);
    expect(asked.outcome).toEqual(before);
    await fixture.client.close();
  });

  it("fails where none answers within the request timeout", async () => {
    const fixture = new Fixture();
    await read(fixture.admin);
    fixture.stopAll();
    const asked = watched(read(fixture.admin));
    await fixture.pass(requestTimeoutMs / 2);
    expect(asked.outcome).toBe("pending");
    await fixture.pass(2 * requestTimeoutMs);
    expect(asked.outcome).toMatchObject({ code: "BROKER_UNREACHABLE" });
    await fixture.client.close();
  });
});

it("does not go on asking where no broker has ever answered, and not when it is called off", async () => {
  const fixture = new Fixture();
  fixture.stopAll();
  const never = watched(fixture.admin.fetchTopicMetadata({ topics: ["t"] }));
  await settled();
  expect(never.outcome).toMatchObject({ code: "BROKER_UNREACHABLE" });

  fixture.startAll();
  await fixture.admin.listTopics();
  fixture.stopAll();
  const caller = new AbortController();
  const called = watched(fixture.admin.fetchTopicMetadata({ topics: ["t"] }, { signal: caller.signal }));
  await fixture.pass(20);
  caller.abort();
  await settled();
  expect(called.outcome).toMatchObject({ code: "CANCELLED" });
  await fixture.client.close();
});
