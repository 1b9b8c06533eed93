/**
 * A partition on three brokers that are killed, lose their power, are cut off and elected away, while producers append and the network
 * delivers in any order. The oracle is what was answered: whatever was acknowledged with acks=all, or seen by a reader, is where it was
 * when all is well again, on every replica, and nothing is there twice that was not sent twice.
 */

import { isSluiceError, type Offset } from "@sluice/model";
import { batchesIn, recordsIn } from "@sluice/record";
import fc from "fast-check";
import { expect, it } from "vitest";
import { propertyRuns } from "../../../../test/support/property-runs.js";
import { batchOf, KeepingSink } from "../testing/registry-fixture.js";
import { ReplicatedPartitionFixture, replicaIds } from "../testing/replicated-partition.js";
import type { PartitionRuntime } from "./partition-runtime.js";

const id = fc.constantFrom(...replicaIds);
const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("produce" as const), id }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("read" as const), id }) },
  { weight: 20, arbitrary: fc.record({ do: fc.constant("deliver" as const), link: fc.nat(5), count: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("settle" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(500, 3000, 11_000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("elect" as const, "tell" as const), id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("kill" as const, "crash" as const, "start" as const), id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("cut" as const, "heal" as const), id, other: id }) },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

/** What was answered before, and must be so at the end. */
class Witness {
  readonly fixture: ReplicatedPartitionFixture;
  readonly #known = new Map<number, string>();
  readonly #sinks: { readonly value: string; readonly sink: KeepingSink }[] = [];
  #noted = 0;

  constructor(fixture: ReplicatedPartitionFixture) {
    this.fixture = fixture;
  }

  produce(leader: PartitionRuntime): void {
    const value = `value ${this.#sinks.length}`;
    const sink = new KeepingSink();
    this.#sinks.push({ value, sink });
    leader.startProduce({ batch: batchOf(this.fixture.clock, value), acks: "all", clientEpoch: undefined }, sink);
  }

  /** Notes what readers see. */
  async read(leader: PartitionRuntime): Promise<void> {
    try {
      for (const [at, value] of await valuesOf(leader.readCommitted())) this.#note(at, value);
    } catch (error) {
      // Its leadership ended, or it does not know yet what is committed.
      if (!isSluiceError(error)) throw error;
    }
  }

  /** Notes what was acknowledged. Nothing is acknowledged at an offset at which something else was. */
  noteAcknowledged(): void {
    for (const { value, sink } of this.#sinks.slice(this.#noted)) {
      if (sink.produced !== undefined) this.#note(sink.produced.baseOffset, value);
    }
  }

  /** All is well: every replica has the same, and everything that was promised. */
  async check(leader: PartitionRuntime): Promise<void> {
    this.noteAcknowledged();
    const final = await valuesOf(leader.readCommitted());
    for (const [at, value] of this.#known) expect(final.get(at), `offset ${at}`).toBe(value);
    expect(new Set(final.values()).size).toBe(final.size);
    const bytes = await Promise.all(replicaIds.map((replica) => bytesOf(this.fixture, replica)));
    expect(bytes[1]?.equals(bytes[0] as Buffer)).toBe(true);
    expect(bytes[2]?.equals(bytes[0] as Buffer)).toBe(true);
    expect(this.#sinks.every(({ sink }) => sink.produced !== undefined || sink.refused !== undefined)).toBe(true);
  }

  #note(at: number, value: string): void {
    expect(this.#known.get(at) ?? value, `offset ${at}`).toBe(value);
    this.#known.set(at, value);
  }
}

async function valuesOf(chunks: AsyncIterable<Buffer>): Promise<Map<number, string>> {
  const values = new Map<number, string>();
  for await (const chunk of chunks) {
    for (const batch of batchesIn(chunk)) {
      for (const { offset, value } of recordsIn(batch)) values.set(offset, String(value));
    }
  }
  return values;
}

async function bytesOf(fixture: ReplicatedPartitionFixture, replica: number): Promise<Buffer> {
  const registry = fixture.broker(replica)?.registry;
  const [description] = registry?.describeReplicas() ?? [];
  if (registry === undefined || description === undefined) throw new Error(`broker ${replica} has no log`);
  const chunks: Buffer[] = [];
  let from: Offset = description.logStartOffset;
  while (from < description.logEndOffset) {
    const { records, nextOffset } = await registry.replicatedOrThrow(description).readForReplica(from, 1000);
    chunks.push(records);
    from = nextOffset;
  }
  return Buffer.concat(chunks);
}

async function carryOut(fixture: ReplicatedPartitionFixture, witness: Witness, step: Command): Promise<void> {
  switch (step.do) {
    case "produce":
    case "read": {
      // Who takes itself for the leader, which may be more than one.
      const leader = fixture.runtime(step.id);
      if (leader === undefined) return;
      if (step.do === "produce") return witness.produce(leader);
      return witness.read(leader);
    }
    case "deliver": {
      for (let count = 0; count <= step.count; count += 1) {
        const links = fixture.network.busyLinks;
        const link = links[step.link % Math.max(1, links.length)];
        if (link !== undefined) fixture.network.deliver(link);
      }
      return;
    }
    case "settle":
      return fixture.turn();
    case "wait":
      return fixture.clock.advance(step.ms);
    case "elect":
      return fixture.elect(step.id);
    case "tell":
      return fixture.tell(step.id);
    case "kill":
    case "crash":
      return fixture.end(step.id, step.do);
    case "start":
      return fixture.broker(step.id) === undefined ? fixture.start(step.id) : undefined;
    case "cut":
    case "heal":
      return fixture.network[step.do](step.id, step.other);
  }
}

/** Everything runs and is connected, somebody leads, and all are in sync. */
async function recover(fixture: ReplicatedPartitionFixture): Promise<PartitionRuntime> {
  for (const a of replicaIds) for (const b of replicaIds) fixture.network.heal(a, b);
  for (const replica of replicaIds) if (fixture.broker(replica) === undefined) await fixture.start(replica);
  fixture.elect(1);
  fixture.tellAll();
  await fixture.until(() => fixture.led !== undefined && fixture.record.inSyncReplicas.length === 3);
  const leader = fixture.led as PartitionRuntime;
  const sink = new KeepingSink();
  leader.startProduce({ batch: batchOf(fixture.clock, "last"), acks: "all", clientEpoch: undefined }, sink);
  await fixture.until(() => sink.produced !== undefined || sink.refused !== undefined);
  expect(sink.refused).toBeUndefined();
  await fixture.until(() => fixture.record.inSyncReplicas.length === 3);
  return leader;
}

async function play(config: Record<string, string>, commands: readonly Command[]): Promise<void> {
  const fixture = await ReplicatedPartitionFixture.open(config);
  const witness = new Witness(fixture);
  try {
    fixture.elect(1);
    fixture.tellAll();
    for (const step of commands) {
      await carryOut(fixture, witness, step);
      witness.noteAcknowledged();
    }
    await witness.check(await recover(fixture));
  } finally {
    await fixture.close();
  }
}

/** A power loss takes what was not flushed, and only flush=always has all of it flushed on every replica. */
const commandsOf = (mayCrash: boolean) =>
  fc.array(mayCrash ? command : command.filter((step) => step.do !== "crash"), { maxLength: 120, size: "max" });

it("keeps what was acknowledged on disks through crashes, cuts and elections", async () => {
  const settings = { flush: "always", "segment.bytes": "1024" };
  await fc.assert(
    fc.asyncProperty(commandsOf(true), (commands) => play(settings, commands)),
    { numRuns: propertyRuns({ usual: 60, long: 3000 }) },
  );
}, 60_000);

it("keeps what was acknowledged in memory through kills, cuts and elections", async () => {
  await fc.assert(
    fc.asyncProperty(commandsOf(false), (commands) => play({ flush: "os" }, commands)),
    { numRuns: propertyRuns({ usual: 60, long: 3000 }) },
  );
}, 60_000);
