/**
 * A topic that is altered, grown, truncated, deleted and made again under its name, all while batches and fetches are under way.
 * The oracle is what was answered: every request is, once; what was acknowledged to the topic that there is at the end lies
 * where the answer said, unless it was deleted since; nothing of an earlier topic of the name is ever seen.
 */

import { MemoryFileSystem } from "@sluice/log/testing";
import { isSluiceError } from "@sluice/model";
import { SeededRandom } from "@sluice/model/testing";
import { batchesIn, batchLastOffset, recordsIn } from "@sluice/record";
import fc from "fast-check";
import { expect, it } from "vitest";
import { propertyRuns } from "../../../../test/support/property-runs.js";
import { batchOf, KeepingSink, RegistryFixture } from "../testing/registry-fixture.js";

const settings: readonly Record<string, string>[] = [
  { "compression.type": "gzip" },
  { "message.timestamp.type": "LogAppendTime" },
  { "bounded.bytes": "2000", "file.delete.delay.ms": "0" },
  { "segment.bytes": "1024", "file.delete.delay.ms": "0" },
  { flush: "os", "max.message.bytes": "150" },
  { flush: "interval" },
];

const partition = fc.nat(3);
const command = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("produce" as const),
      partition,
      sizeBytes: fc.integer({ min: 1, max: 120 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("fetch" as const), partition, minBytes: fc.integer({ min: 1, max: 400 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("truncate" as const), partition, percent: fc.nat(100) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("alter" as const), setting: fc.nat(settings.length) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("grow" as const, "newEpoch" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("delete" as const, "create" as const, "replace" as const) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom("turn" as const, "settle" as const, "housekeep" as const) }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

const refusalsExpected = new Set([
  "UNKNOWN_TOPIC",
  "UNKNOWN_PARTITION",
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER",
  "FENCED_LEADER_EPOCH",
]);

interface Sent {
  readonly incarnation: number;
  readonly partition: number;
  readonly value: string;
  readonly sink: KeepingSink;
}

class Race {
  readonly fixture: RegistryFixture;
  readonly #sent: Sent[] = [];
  readonly #fetches: { readonly sink: KeepingSink; readonly incarnation: number }[] = [];
  readonly #works: Promise<unknown>[] = [];
  #incarnation = 0;
  #exists = true;
  #partitions = 2;
  #leaderEpoch = 0;
  #config: Record<string, string> = {};

  constructor(fixture: RegistryFixture) {
    this.fixture = fixture;
    this.#apply();
  }

  async run(step: Command): Promise<void> {
    const { fixture } = this;
    switch (step.do) {
      case "produce":
        return this.#produce(step.partition, step.sizeBytes);
      case "fetch":
        return this.#fetch(step.partition, step.minBytes);
      case "truncate":
        return this.#truncate(step.partition, step.percent);
      case "alter":
        this.#config = { ...settings[step.setting] };
        return this.#apply();
      case "grow":
        this.#partitions = Math.min(4, this.#partitions + 1);
        return this.#apply();
      case "newEpoch":
        this.#leaderEpoch += 1;
        return this.#apply();
      case "delete":
      case "create":
      case "replace":
        return this.#remake(step.do);
      case "turn":
        return new Promise(setImmediate);
      case "settle":
        return fixture.registry.settled();
      case "housekeep":
        return fixture.logDirectory.runHousekeeping();
    }
  }

  async finish(): Promise<void> {
    const { fixture } = this;
    await fixture.registry.settled();
    for (const failure of await Promise.all(this.#works)) {
      if (failure === undefined) continue;
      // It may be deleted meanwhile, or not be led yet or any more: the reason is one that a client can make something of.
      expect(failure).toSatisfy((error) => isSluiceError(error) && refusalsExpected.has(error.code));
    }
    await Promise.all(this.#sent.map(({ sink }) => sink.settled()));
    fixture.clock.advance(10_000);
    await Promise.all(this.#fetches.map(({ sink }) => sink.settled()));
    for (const { sink, incarnation } of this.#fetches) {
      for (const value of valuesIn(sink.fetched?.records ?? Buffer.alloc(0)).values())
        expect(value.startsWith(`${incarnation}/`)).toBe(true);
    }
    expect(fixture.timerCount).toBe(0);
    if (!this.#exists) return;
    for (let number = 0; number < this.#partitions; number += 1) await this.#check(number);
  }

  async #check(number: number): Promise<void> {
    const led = this.fixture.registry.ledOrThrow("a", number);
    const start = (await led.listOffset({ type: "earliest" })).offset;
    const end = (await led.listOffset({ type: "latest" })).offset;
    const found = new Map<number, string>();
    for (let position: number = start; position < end; ) {
      const { records } = await led.fetch({ fromOffset: position, sizeBytesMax: 500, waitMsMax: 0 });
      expect(records.length).toBeGreaterThan(0);
      for (const [at, value] of valuesIn(records)) found.set(at, value);
      for (const batch of batchesIn(records)) position = batchLastOffset(batch) + 1;
    }
    const values = [...found.values()];
    expect(new Set(values).size).toBe(values.length);
    for (const value of values) expect(value.startsWith(`${this.#incarnation}/${number}/`)).toBe(true);
    const mine = this.#sent.filter((sent) => sent.incarnation === this.#incarnation && sent.partition === number);
    for (const { sink, value } of mine) {
      const at = sink.produced?.baseOffset;
      if (at !== undefined && at >= start) expect(found.get(at)).toBe(value);
      if (sink.refused !== undefined && sink.refused.code !== "INDETERMINATE") expect(values).not.toContain(value);
    }
  }

  #produce(number: number, sizeBytes: number): void {
    const sink = new KeepingSink();
    const value = `${this.#incarnation}/${number}/${this.#sent.length}/${"x".repeat(sizeBytes)}`;
    this.#sent.push({ incarnation: this.#incarnation, partition: number, value, sink });
    try {
      const led = this.fixture.registry.ledOrThrow("a", number);
      const accepted = led.acceptBatch(batchOf(this.fixture.clock, value));
      led.startProduce({ ...accepted, acks: "all", clientEpoch: undefined }, sink);
    } catch (error) {
      if (!isSluiceError(error)) throw error;
      sink.onRefused(error);
    }
  }

  #fetch(number: number, minBytes: number): void {
    const sink = new KeepingSink();
    this.#fetches.push({ sink, incarnation: this.#incarnation });
    try {
      const led = this.fixture.registry.ledOrThrow("a", number);
      const fromOffset = led.highWatermark;
      led.startFetch({ fromOffset, sizeBytesMax: 10_000, waitMsMax: 5000, minBytes, clientEpoch: undefined }, sink);
    } catch (error) {
      if (!isSluiceError(error)) throw error;
      sink.onFetchRefused(error);
    }
  }

  #truncate(number: number, percent: number): void {
    const work = async (): Promise<void> => {
      const led = this.fixture.registry.ledOrThrow("a", number);
      const before = Math.floor((led.highWatermark * percent) / 100);
      expect(await led.deleteRecordsBefore(before)).toBeGreaterThanOrEqual(before);
    };
    this.#works.push(failureOf(work));
    const look = async (): Promise<void> => {
      await this.fixture.registry.ledOrThrow("a", number).listOffset({ type: "timestamp", timestampMs: percent });
    };
    this.#works.push(failureOf(look));
  }

  #remake(what: "delete" | "create" | "replace"): void {
    if (what === "create" && this.#exists) return;
    this.#exists = what !== "delete";
    if (this.#exists) {
      this.#incarnation += 1;
      this.#partitions = 2;
      this.#leaderEpoch = 0;
      this.#config = {};
    }
    this.#apply();
  }

  #apply(): void {
    const { fixture } = this;
    const topic = {
      name: "a",
      incarnation: this.#incarnation,
      partitions: this.#partitions,
      leaderEpoch: this.#leaderEpoch,
      config: this.#config,
    };
    fixture.apply(...(this.#exists ? [topic] : []));
  }
}

it("answers everything once, and keeps what it acknowledged to the topic that there is", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60, size: "max" }), fc.nat(1000), async (commands, seed) => {
      const race = new Race(await RegistryFixture.open(new MemoryFileSystem(new SeededRandom(seed))));
      for (const step of commands) await race.run(step);
      await race.finish();
      await race.fixture.close();
    }),
    { numRuns: propertyRuns({ usual: 60, long: 2000 }) },
  );
});

/** What the work throws; undefined: nothing. */
function failureOf(work: () => Promise<void>): Promise<unknown> {
  return work().then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Values of records by offset. */
function valuesIn(records: Buffer): Map<number, string> {
  const values = new Map<number, string>();
  for (const batch of batchesIn(records))
    for (const { offset, value } of recordsIn(batch)) values.set(offset, String(value));
  return values;
}
