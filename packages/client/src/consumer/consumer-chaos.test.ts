/**
 * A consumer through a random schedule: rebalances, lost memberships, brokers that stop, leaders that move, seeks back, pauses,
 * commits that fail and handlers that throw or take their time. One seed gives one schedule.
 *
 * Whatever happens: every record is processed at least once; two messages of one key are never worked on at the same time,
 * and each comes after the one before it; nothing is committed that is not processed; and the run always ends.
 */

import { type Clock, SluiceError, sleep } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { toWireError } from "@sluice/protocol";
import { RecordBatchBuilder } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { FakeCluster, type FakeSession } from "../testing/fake-cluster.js";
import { settled, testClient } from "../testing/test-client.js";
import type { Consumer } from "./consumer.js";
import type { Message } from "./message.js";

const modes = ["messages", "batches", "eachMessage", "eachMessage of 3", "eachBatch", "keys", "keys of 3"] as const;
type Mode = (typeof modes)[number];

const partitions = 3;
const recordsEach = 60;
const keys = 5;
const chaosSteps = 150;
const calmSteps = 3000;

describe.each(modes)("a consumer by %s", (mode) => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed + 1))("keeps its promises, seed %i", async (seed) => {
    await new Chaos(mode, seed).run();
  });
});

class Chaos {
  readonly #mode: Mode;
  readonly #random: SeededRandom;
  readonly #clock = new VirtualClock();
  readonly #cluster = new FakeCluster({ brokers: 2 });
  /** Offsets whose handler has returned, by partition. */
  readonly #done = Array.from({ length: partitions }, () => new Set<number>());
  readonly #working = new Set<string>();
  readonly #served = new Set<FakeSession>();
  #assigned: readonly number[] = [0, 1, 2];
  #generation = 0;
  #memberCount = 0;
  #isCalm = false;
  #isOver = false;

  constructor(mode: Mode, seed: number) {
    this.#mode = mode;
    this.#random = new SeededRandom(seed);
    this.#cluster.createTopic("t", partitions);
    for (let partition = 0; partition < partitions; partition++) this.#fill(partition);
    this.#cluster.onCommit = ({ offsets }) => {
      for (const { partition, offset } of offsets) this.#checkCommit(partition, offset);
      const isRefused = !this.#isCalm && this.#chance(10);
      return isRefused ? new SluiceError("COORDINATOR_LOADING", { group: "g" }) : undefined;
    };
  }

  async run(): Promise<void> {
    const client = testClient(this.#cluster, { clock: this.#clock });
    const consumer = client.consumer({
      groupId: "g",
      startFrom: "earliest",
      autoCommitInterval: 50,
      autoCommitThreshold: 7,
      maxBytesPerPartition: 300,
    });
    await consumer.connect(); // What is loaded once is loaded now: from here on, nothing takes real time.
    await consumer.subscribe({ topics: ["t"] });
    const consumed = this.#consume(consumer).finally(() => {
      this.#isOver = true;
    });
    consumed.catch(() => undefined); // Told below.
    for (let step = 0; step < chaosSteps; step++) {
      this.#disturb(consumer);
      await this.#pass();
    }
    this.#isCalm = true;
    for (const broker of [1, 2]) this.#cluster.startBroker(broker);
    for (let partition = 0; partition < partitions; partition++) this.#cluster.moveLeader("t", partition, 1);
    consumer.resume();
    this.#assign([0, 1, 2]);
    const isDone = (): boolean => this.#done.every((done) => done.size === recordsEach);
    for (let step = 0; step < calmSteps && !isDone() && !this.#isOver; step++) await this.#pass();
    if (this.#isOver) await consumed; // It must not have ended.
    expect(this.#done.map((done) => done.size)).toEqual([recordsEach, recordsEach, recordsEach]);
    await this.#passUntil(client.close());
    await this.#passUntil(consumed);
    expect(this.#clock.timerCount).toBe(0);
  }

  async #consume(consumer: Consumer): Promise<void> {
    const onError = { retries: 1000, backoff: { initialRetryTime: 10, maxRetryTime: 40 } };
    const partitionsConsumedConcurrently = this.#mode.endsWith("3") ? 3 : 1;
    const keyConcurrency = this.#mode.startsWith("keys") ? 4 : 1;
    if (this.#mode === "messages") {
      for await (const message of consumer) await this.#work(message, false);
    } else if (this.#mode === "batches") {
      for await (const batch of consumer.batches()) for (const message of batch) await this.#work(message, false);
    } else if (this.#mode === "eachBatch") {
      const { finished } = await consumer.run({
        onError,
        eachBatch: async ({ batch, resolveOffset, isStale }) => {
          for (const message of batch) {
            if (isStale()) return;
            await this.#work(message, true);
            resolveOffset(message.offset);
          }
        },
        eachBatchAutoResolve: false,
      });
      await finished;
    } else {
      const { finished } = await consumer.run({
        onError,
        partitionsConsumedConcurrently,
        keyConcurrency,
        eachMessage: ({ message }) => this.#work(message, true),
      });
      await finished;
    }
  }

  /** The handler: checks what it is given, takes its time, and throws now and then. */
  async #work({ partition, offset, key }: Message, mayThrow: boolean): Promise<void> {
    const done = this.#done[partition] as Set<number>;
    const lane = `${partition}:${String(key)}`;
    expect(this.#working.has(lane), `${lane} twice at the same time`).toBe(false);
    // Keys come in turn, so the record before of the same key is that many offsets back.
    if (offset >= keys) expect(done.has(offset - keys), `${lane} at ${offset} before its predecessor`).toBe(true);
    this.#working.add(lane);
    try {
      const pace = this.#random.uint32() % 4;
      if (pace === 1) await settled();
      if (pace === 2) await sleep(this.#clock as Clock, this.#random.uint32() % 30);
      if (mayThrow && !this.#isCalm && this.#chance(8)) throw new Error("now and then");
      done.add(offset);
    } finally {
      this.#working.delete(lane);
    }
  }

  #checkCommit(partition: number, offset: number): void {
    const done = this.#done[partition] as Set<number>;
    for (let before = 0; before < offset; before++)
      if (!done.has(before)) throw new Error(`${partition}: ${offset} is committed, and ${before} is not processed`);
  }

  #disturb(consumer: Consumer): void {
    const partition = this.#random.uint32() % partitions;
    const broker = 1 + (this.#random.uint32() % 2);
    const notCoordinator = new SluiceError("NOT_COORDINATOR", { broker: 1, group: "g", coordinator: 1 });
    const unknown = toWireError(
      new SluiceError("UNKNOWN_MEMBER", { member: "m", group: "g", reason: "a test says so" }),
    );
    const disturbances: readonly (() => void)[] = [
      () => this.#assign([0, 1, 2].filter(() => this.#chance(60))),
      () => this.#assign([0, 1, 2].filter(() => this.#chance(60))),
      () => {
        // Taken away and given back before anybody has let go.
        this.#assign([]);
        this.#assign([0, 1, 2]);
      },
      () => this.#current()?.end(notCoordinator),
      () => this.#current()?.send({ event: "error", error: unknown }),
      () => this.#cluster.transport.cut(this.#cluster.address(broker)),
      () => {
        this.#cluster.stopBroker(broker);
        this.#cluster.startBroker(3 - broker);
      },
      () => this.#cluster.startBroker(broker),
      () => this.#cluster.moveLeader("t", partition, broker),
      () => this.#seekBack(consumer, partition),
      () => consumer.pause([{ topic: "t", partitions: [partition] }]),
      () => consumer.resume(),
      () => void consumer.commit().catch(() => undefined),
    ];
    // As often as not, nothing happens.
    disturbances[this.#random.uint32() % 26]?.();
  }

  /** To what was committed: forward would skip records. */
  #seekBack(consumer: Consumer, partition: number): void {
    const committed = this.#cluster.committed.get(`t-${partition}`) ?? 0;
    const offset = committed === 0 ? 0 : this.#random.uint32() % committed;
    const isHad = consumer.assignment().some((one) => one.partition === partition);
    if (isHad) consumer.seek({ topic: "t", partition, offset }).catch(() => undefined);
  }

  /** Some time passes; whoever joins is taken in. */
  async #pass(): Promise<void> {
    await settled();
    for (const session of this.#cluster.sessions) {
      if (this.#served.has(session) || session.received.length === 0) continue;
      this.#served.add(session);
      const memberId = session.received[0]?.memberId || `m-${++this.#memberCount}`;
      session.send({ event: "joined", joined: { memberId, heartbeatIntervalMs: 100 } });
      this.#assign(this.#assigned);
    }
    await settled();
    this.#clock.advance(1 + (this.#random.uint32() % 20));
  }

  async #passUntil(promise: Promise<unknown>): Promise<void> {
    let isSettled = false;
    const end = promise.finally(() => {
      isSettled = true;
    });
    end.catch(() => undefined); // Told below.
    for (let step = 0; step < calmSteps && !isSettled; step++) await this.#pass();
    expect(isSettled, "it never ends").toBe(true);
    await end;
  }

  #assign(assigned: readonly number[]): void {
    this.#assigned = assigned;
    const session = this.#current();
    const generation = ++this.#generation;
    const list = assigned.map((partition) => ({ topic: "t", partition }));
    if (session !== undefined) session.send({ event: "assignment", assignment: { generation, partitions: list } });
  }

  #current(): FakeSession | undefined {
    const last = this.#cluster.sessions.at(-1);
    return last !== undefined && this.#served.has(last) ? last : undefined;
  }

  #fill(partition: number): void {
    let offset = 0;
    while (offset < recordsEach) {
      const builder = new RecordBatchBuilder();
      const count = Math.min(recordsEach - offset, 1 + (this.#random.uint32() % 7));
      for (let index = 0; index < count; index++, offset++)
        builder.append({ timestampMs: 1000, key: Buffer.from(`k${offset % keys}`), value: Buffer.from("v") });
      this.#cluster.append("t", partition, builder.build());
    }
  }

  #chance(percent: number): boolean {
    return this.#random.uint32() % 100 < percent;
  }
}
