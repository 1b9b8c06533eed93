/**
 * Idempotent producers against a partition that crashes, restarts, changes its epoch and runs out of room, with repetitions at
 * any moment. The oracle is a list of what each producer wrote: at the end the log holds all of it, once and in its order, and
 * nothing that was answered ever moves.
 */

import { MemoryFileSystem } from "@sluice/log/testing";
import { SeededRandom } from "@sluice/model/testing";
import { batchesIn, recordsIn } from "@sluice/record";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../../test/support/property-runs.js";
import { KeepingSink, producerBatch, RegistryFixture } from "../testing/registry-fixture.js";

const producerCount = 3;
/** What a log remembers of a producer, and so what one may have under way. */
const underWayMax = 5;

type Acks = "all" | "leader" | "none";
type Command =
  | { do: "send"; producer: number; records: number; acks: Acks }
  | { do: "repeat"; producer: number; back: number; acks: Acks }
  | { do: "settle" | "fill" | "makeRoom" | "crash" | "restart" | "newEpoch" | "turn" };

const acks = fc.constantFrom<Acks>("all", "all", "leader", "none");
const producer = fc.nat(producerCount - 1);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant("send" as const), producer, records: fc.integer({ min: 1, max: 3 }), acks }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("repeat" as const), producer, back: fc.nat(underWayMax - 1), acks }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("settle" as const, "turn" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("fill" as const, "makeRoom" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("crash" as const, "restart" as const, "newEpoch" as const) }),
  },
);

interface Sent {
  readonly bytes: Buffer;
  readonly values: readonly string[];
  /** Where it was answered to be, with acks=all; undefined: it was not. */
  offset: number | undefined;
}

/** Refusals after which a batch that has been answered may come again: nobody could look at the log. */
const passing = ["LEADER_NOT_AVAILABLE", "INDETERMINATE", "BROKER_STOPPING", "NOT_LEADER"];

class World {
  readonly producers: Sent[][] = Array.from({ length: producerCount }, () => []);
  #fileSystem = new MemoryFileSystem(new SeededRandom(1));
  #fixture!: RegistryFixture;
  #epoch = 0;
  /** Answers of an earlier life say nothing: what it did after the crash did not happen. */
  #life = 0;
  #pending: Promise<void>[] = [];
  /** What went wrong in an answer, which nobody waits for. */
  readonly violations: string[] = [];

  async open(): Promise<void> {
    this.#fixture = await RegistryFixture.open(this.#fileSystem);
    await this.#lead();
  }

  async run(step: Command): Promise<void> {
    switch (step.do) {
      case "send":
        return this.#sendNew(step.producer, step.records, step.acks);
      case "repeat":
        return this.#repeat(step.producer, step.back, step.acks);
      case "settle":
        return this.settle();
      case "turn":
        for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
        return;
      case "fill":
        this.#fileSystem.setCapacity(this.#fileSystem.usedBytes + 150);
        return;
      case "makeRoom":
        return this.makeRoom();
      case "newEpoch":
        this.#epoch += 1;
        this.#fixture.apply({ name: "a", leaderEpoch: this.#epoch });
        return;
      case "crash":
        return this.#startAgain(true);
      case "restart":
        return this.#startAgain(false);
    }
  }

  async settle(): Promise<void> {
    await Promise.all(this.#pending.splice(0));
  }

  async makeRoom(): Promise<void> {
    this.#fileSystem.setCapacity(undefined);
    await this.#fixture.untilRoom();
    // Whoever could not lead for want of room leads now.
    await this.#fixture.registry.settled();
  }

  /** What a producer does in the end: sends what has no answer, in order, until all has one. */
  async finish(): Promise<void> {
    // What is under way may find the disk full once more, before or after its epoch is over.
    for (let round = 0; round < 5; round += 1) {
      await this.settle();
      await this.#fixture.registry.settled();
      await this.makeRoom();
      for (const batch of this.producers.flat()) {
        if (batch.offset !== undefined) continue;
        this.#send(batch, "all");
        await this.settle();
      }
    }
    const open = this.producers.flat().filter(({ offset }) => offset === undefined);
    expect(
      open.map(({ values }) => values[0]),
      "batches were not taken in the end",
    ).toEqual([]);
  }

  async readLog(): Promise<Map<number, string>> {
    const found = new Map<number, string>();
    const led = this.#fixture.registry.ledOrThrow("a", 0);
    for await (const chunk of led.readCommitted()) {
      for (const batch of batchesIn(chunk)) {
        for (const { offset, value } of recordsIn(batch)) found.set(offset, String(value));
      }
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#fixture.close();
  }

  #sendNew(index: number, count: number, required: Acks): void {
    const batches = this.producers[index] as Sent[];
    if (batches.filter(({ offset }) => offset === undefined).length >= underWayMax) return;
    // Older than the log remembers is nothing that a producer leaves open.
    if (batches.some(({ offset }, place) => offset === undefined && place <= batches.length - underWayMax)) return;
    const sent = batches.reduce((sum, { values }) => sum + values.length, 0);
    const values = Array.from({ length: count }, (_, place) => `${index}:${sent + place}`);
    const bytes = producerBatch(this.#fixture.clock, { producerId: index, baseSequence: sent }, ...values);
    const batch = { bytes, values, offset: undefined };
    batches.push(batch);
    this.#send(batch, required);
  }

  #repeat(index: number, back: number, required: Acks): void {
    const batch = (this.producers[index] as Sent[]).at(-1 - back);
    if (batch !== undefined) this.#send(batch, required);
  }

  #send(batch: Sent, required: Acks): void {
    const life = this.#life;
    const wasAnswered = batch.offset !== undefined;
    const sink = new KeepingSink();
    try {
      const led = this.#fixture.registry.ledOrThrow("a", 0);
      const accepted = led.acceptBatch(Buffer.from(batch.bytes));
      led.startProduce({ ...accepted, acks: required, clientEpoch: undefined }, sink);
    } catch {
      // It does not lead for now.
      return;
    }
    this.#pending.push(
      sink.settled().then(() => {
        if (life !== this.#life) return;
        const { produced, refused } = sink;
        if (refused !== undefined) {
          if (wasAnswered && !passing.includes(refused.code)) {
            this.violations.push(`${batch.values[0]} was answered, and came again: ${refused.code}`);
          }
          return;
        }
        if (wasAnswered && produced?.isDuplicate !== true)
          this.violations.push(`${batch.values[0]} was appended twice`);
        if (required !== "all") return;
        batch.offset ??= produced?.baseOffset;
        if (batch.offset !== produced?.baseOffset) this.violations.push(`${batch.values[0]} moved`);
      }),
    );
  }

  async #startAgain(isCrash: boolean): Promise<void> {
    if (isCrash) {
      this.#life += 1;
      const survivor = this.#fileSystem.crash();
      await this.#fixture.registry.close();
      this.#fileSystem = survivor;
    } else {
      this.#fileSystem.setCapacity(undefined);
      await this.#fixture.untilRoom();
      await this.#fixture.close();
    }
    await this.settle();
    this.#fileSystem.setCapacity(undefined);
    this.#epoch += 1;
    this.#fixture = await RegistryFixture.open(this.#fileSystem);
    await this.#lead();
  }

  async #lead(): Promise<void> {
    await this.#fixture.settle({ name: "a", leaderEpoch: this.#epoch, config: { "segment.bytes": "1024" } });
  }
}

describe("idempotent producers under crashes, full disks and repetitions", () => {
  it("have each of their records in the log once, in their order, where it was answered to be", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60, size: "max" }), async (commands) => {
        const world = new World();
        await world.open();
        for (const step of commands) await world.run(step);
        await world.finish();
        expect(world.violations).toEqual([]);
        const log = await world.readLog();
        const sent = world.producers.flat();
        expect(log.size).toBe(sent.flatMap(({ values }) => values).length);
        for (const { offset, values } of sent) {
          expect(values.map((_, index) => log.get((offset as number) + index))).toEqual(values);
        }
        for (const batches of world.producers) {
          const offsets = batches.map(({ offset }) => offset as number);
          expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
        }
        await world.close();
      }),
      { numRuns: propertyRuns({ usual: 80, long: 5000 }) },
    );
  });
});
