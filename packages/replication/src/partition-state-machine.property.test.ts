/**
 * The machine against an oracle that keeps everything in plain lists and looks through all of them at every event. Both see
 * the same random events; every effect must agree. What the guarantees say is asserted on top, from the effects alone.
 */

import { leaderEpoch, type Offset, offset, SluiceError, type TopicName } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fraction } from "../../../test/support/fraction.js";
import { propertyRuns } from "../../../test/support/property-runs.js";
import type { PartitionEffect } from "./partition-effect.js";
import type { PartitionEvent, RequiredAcks } from "./partition-event.js";
import { PartitionStateMachine } from "./partition-state-machine.js";
import { becomeLeader, replicaSets } from "./testing/partition-events.js";

const diskFull = new SluiceError("DISK_FULL", { path: "/data" });
const identity = { topic: "t" as TopicName, partition: 0, broker: 1 };

type Command =
  | { do: "lead"; isr: number[]; min: number; acked: number }
  | { do: "resign"; leader: number | undefined }
  | { do: "append"; acks: RequiredAcks; epochShift: number | undefined }
  | { do: "place"; records: number; sizeBytes: number }
  | { do: "duplicate"; which: number }
  | { do: "short"; which: number; missing: number }
  | { do: "write"; amount: number; acked: number; isStale: boolean }
  | { do: "fetch"; shift: number; mayWait: boolean; minBytes: number }
  | { do: "expire"; request: number }
  | { do: "refuse" | "takeBack" | "fail" };

const lead: fc.Arbitrary<Command> = fc.record({
  do: fc.constant("lead" as const),
  isr: fc.constantFrom<number[]>([1], [1], [1], [2, 1]),
  min: fc.constantFrom(1, 1, 1, 2),
  acked: fraction,
});

// Sums of round numbers are often just what a fetch waits for.
const byteCount = fc.oneof(fc.constantFrom(10, 20, 30), fc.integer({ min: 1, max: 50 }));

// Epochs are so long, and the disk fails so late, that much waits at one time.
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 2, arbitrary: lead },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("resign" as const), leader: fc.constantFrom(undefined, 2) }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      acks: fc.constantFrom<RequiredAcks>("all", "leader", "none"),
      epochShift: fc.constantFrom(undefined, undefined, 0, 0, 0, 0, 0, -1, 1),
    }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constant("place" as const),
      records: fc.integer({ min: 1, max: 4 }),
      sizeBytes: byteCount,
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("duplicate" as const), which: fc.nat(20) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("short" as const),
      which: fc.nat(20),
      missing: byteCount,
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      amount: fraction,
      acked: fraction,
      isStale: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("fetch" as const),
      // Only a fetch at the high watermark waits for bytes.
      shift: fc.oneof(fc.constant(0), fc.integer({ min: -4, max: 6 })),
      mayWait: fc.constantFrom(true, true, false),
      minBytes: fc.constantFrom(1, 1, 30, 100),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("expire" as const), request: fc.nat(160) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("refuse" as const, "takeBack") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const) }) },
);

/** Slow and obvious: lists, scanned. Also plays the log, so that events make sense. */
class Oracle {
  newestEpoch = -1;
  leads = false;
  leader: number | undefined;
  isr: number[] = [];
  min = 1;
  acked = 0;
  highWatermark = 0;
  epochStart = 0;
  written = 0;
  placed = 0;
  isOffline = false;
  unplaced: { request: number; acks: RequiredAcks; epoch: number }[] = [];
  waiting: { request: number; acks: RequiredAcks; end: number }[] = [];
  parked: { request: number; at: number; min: number }[] = [];
  parkedForBytes: { request: number; at: number; min: number; until: number }[] = [];
  /** Batches of this epoch, and what lay before it and was not known to be committed. */
  batches: { base: number; end: number; sizeBytes: number }[] = [];

  apply(event: PartitionEvent): string[] {
    switch (event.type) {
      case "becomeLeader": {
        const out = [...this.endEpoch("FENCED_LEADER_EPOCH"), ...this.announce(1)];
        Object.assign(this, { newestEpoch: event.leaderEpoch, leads: true, leader: 1 });
        this.isr = [...event.replicaSets.inSyncReplicas];
        Object.assign(this, { min: event.inSyncReplicasMin, acked: event.ackedOffset, epochStart: event.logEndOffset });
        Object.assign(this, { written: event.logEndOffset, placed: event.logEndOffset });
        this.highWatermark = this.rule() ?? event.logStartOffset;
        const unknown = { base: this.highWatermark, end: event.logEndOffset, sizeBytes: 2 ** 31 };
        this.batches = this.highWatermark < event.logEndOffset ? [unknown] : [];
        return [...out, `hw ${this.highWatermark}`];
      }
      case "resign": {
        const out = [...this.endEpoch("NOT_LEADER"), ...this.announce(event.leader)];
        Object.assign(this, { newestEpoch: event.leaderEpoch, leads: false, leader: event.leader });
        return out;
      }
      case "appendRequested": {
        const refusal =
          this.refusal() ??
          (this.isOffline ? "PARTITION_OFFLINE" : undefined) ??
          this.fence(event.clientEpoch) ??
          (event.acks === "all" && this.isr.length < this.min ? "NOT_ENOUGH_REPLICAS" : undefined);
        if (refusal !== undefined) return [`rejectProduce ${event.requestId} ${refusal}`];
        this.unplaced.push({ request: event.requestId, acks: event.acks, epoch: this.newestEpoch });
        return [`append ${event.requestId}`];
      }
      case "appendPlaced": {
        const begun = this.unplaced.find((append) => append.request === event.requestId);
        if (begun === undefined) return [];
        this.unplaced = this.unplaced.filter((append) => append !== begun);
        this.placed = Math.max(this.placed, event.endOffset);
        this.batches.push({ base: event.baseOffset, end: event.endOffset, sizeBytes: event.sizeBytes });
        this.waiting.push({ request: begun.request, acks: begun.acks, end: event.endOffset });
        return this.settle();
      }
      case "appendDuplicated": {
        const begun = this.unplaced.find((append) => append.request === event.requestId);
        if (begun === undefined) return [];
        this.unplaced = this.unplaced.filter((append) => append !== begun);
        this.waiting.push({ request: begun.request, acks: begun.acks, end: event.endOffset });
        return this.settle();
      }
      case "inSyncReplicasMinChanged": {
        if (!this.leads) return [];
        this.min = event.inSyncReplicasMin;
        return this.settle();
      }
      case "logAdvanced": {
        if (!this.leads || event.leaderEpoch !== this.newestEpoch) return [];
        this.written = Math.max(this.written, event.logEndOffset);
        this.placed = Math.max(this.placed, this.written);
        this.acked = Math.max(this.acked, event.ackedOffset);
        return this.settle();
      }
      case "appendRefused": {
        this.unplaced = this.unplaced.filter((append) => append.request !== event.requestId);
        return [`rejectProduce ${event.requestId} ${event.error.code}`];
      }
      case "appendsTakenBack": {
        if (!this.leads) return [];
        this.placed = event.fromOffset;
        this.batches = this.batches.filter(({ end }) => end <= event.fromOffset);
        const gone = this.waiting.filter((append) => append.end > event.fromOffset);
        this.waiting = this.waiting.filter((append) => append.end <= event.fromOffset);
        return gone.map(({ request }) => `rejectProduce ${request} ${event.error.code}`);
      }
      case "logFailed": {
        this.isOffline = true;
        return this.failAppends();
      }
      case "fetchRequested": {
        const isBeyond = event.fetchOffset > this.placed && this.highWatermark >= this.epochStart;
        const isOut = event.fetchOffset < 0 || isBeyond;
        const refusal = this.refusal() ?? this.fence(event.clientEpoch) ?? (isOut ? "OFFSET_OUT_OF_RANGE" : undefined);
        if (refusal !== undefined) return [`rejectFetch ${event.requestId} ${refusal}`];
        const min = event.mayWait ? (event.minBytes ?? 1) : 1;
        if (event.fetchOffset < this.highWatermark) return [this.read(event.requestId, event.fetchOffset, min)];
        if (!event.mayWait) return [`empty ${event.requestId} ${this.highWatermark}`];
        const fetch = { request: event.requestId, at: event.fetchOffset, min };
        const isForBytes = min > 1 && event.fetchOffset === this.highWatermark;
        if (isForBytes) this.parkedForBytes.push({ ...fetch, until: this.committedBytes + min });
        else this.parked.push(fetch);
        return [`park ${event.requestId}`];
      }
      case "fetchFellShort": {
        const { requestId, fetchOffset, minBytes } = event;
        const refusal = this.refusal();
        if (refusal !== undefined) return [`rejectFetch ${requestId} ${refusal}`];
        if (event.leaderEpoch !== this.newestEpoch)
          return this.apply({
            type: "fetchRequested",
            requestId,
            fetchOffset,
            minBytes,
            mayWait: true,
            clientEpoch: undefined,
          });
        const until = event.committedBytes + event.missingBytes;
        if (until <= this.committedBytes) return [this.read(requestId, fetchOffset, minBytes)];
        this.parkedForBytes.push({ request: requestId, at: fetchOffset, min: minBytes, until });
        return [`park ${requestId}`];
      }
      case "fetchExpired": {
        const parked = [...this.parked, ...this.parkedForBytes].find((fetch) => fetch.request === event.requestId);
        if (parked === undefined) return [];
        this.parked = this.parked.filter((fetch) => fetch !== parked);
        this.parkedForBytes = this.parkedForBytes.filter((fetch) => fetch !== parked);
        if (parked.at < this.highWatermark) return [this.read(event.requestId, parked.at, 1)];
        return [`empty ${event.requestId} ${this.highWatermark}`];
      }
      default:
        return [];
    }
  }

  get committedBytes(): number {
    return this.batches.reduce((sum, { end, sizeBytes }) => (end <= this.highWatermark ? sum + sizeBytes : sum), 0);
  }

  read(request: number, at: number, min: number): string {
    return `read ${request} ${at}..${this.highWatermark} min ${min} of ${this.committedBytes}`;
  }

  rule(): number | undefined {
    return this.isr.length >= this.min && this.isr.every((replica) => replica === 1) ? this.acked : undefined;
  }

  settle(): string[] {
    const out: string[] = [];
    const wasExact = this.highWatermark >= this.epochStart;
    const next = Math.max(this.highWatermark, this.rule() ?? 0);
    if (next > this.highWatermark) out.push(`hw ${next}`);
    this.highWatermark = next;
    const done = this.waiting.filter(
      ({ acks, end }) => acks === "none" || end <= (acks === "leader" ? this.written : this.highWatermark),
    );
    this.waiting = this.waiting.filter((append) => !done.includes(append));
    for (const append of done) out.push(`ack ${append.request} ${append.end}`);
    for (const fetch of this.parked.filter(({ at }) => at < this.highWatermark))
      out.push(this.read(fetch.request, fetch.at, fetch.min));
    this.parked = this.parked.filter(({ at }) => at >= this.highWatermark);
    for (const fetch of this.parkedForBytes.filter(({ until }) => until <= this.committedBytes))
      out.push(this.read(fetch.request, fetch.at, fetch.min));
    this.parkedForBytes = this.parkedForBytes.filter(({ until }) => until > this.committedBytes);
    if (!wasExact && this.highWatermark >= this.epochStart) {
      for (const fetch of this.parked.filter(({ at }) => at > this.placed))
        out.push(`rejectFetch ${fetch.request} OFFSET_OUT_OF_RANGE`);
      this.parked = this.parked.filter(({ at }) => at <= this.placed);
    }
    return out;
  }

  endEpoch(fetchCode: string): string[] {
    const fetches = [...this.parked, ...this.parkedForBytes];
    const out = fetches.map((fetch) => `rejectFetch ${fetch.request} ${fetchCode}`);
    this.parked = [];
    this.parkedForBytes = [];
    return [...this.failAppends(), ...out];
  }

  /** Another broker that led is told. */
  announce(leader: number | undefined): string[] {
    const isDeposed = this.leader !== undefined && this.leader !== 1 && this.leader !== leader;
    return isDeposed ? ["announceEpoch"] : [];
  }

  failAppends(): string[] {
    const out = [...this.unplaced, ...this.waiting].map(({ request }) => `rejectProduce ${request} INDETERMINATE`);
    this.unplaced = [];
    this.waiting = [];
    return out;
  }

  refusal(): string | undefined {
    if (this.leads) return undefined;
    return this.leader === undefined ? "LEADER_NOT_AVAILABLE" : "NOT_LEADER";
  }

  fence(clientEpoch: number | undefined): string | undefined {
    if (clientEpoch === undefined || clientEpoch === this.newestEpoch) return undefined;
    return clientEpoch < this.newestEpoch ? "FENCED_LEADER_EPOCH" : "UNKNOWN_LEADER_EPOCH";
  }
}

type ReadEffect = Extract<PartitionEffect, { type: "readLog" }>;

function text(effect: PartitionEffect, endOf: Map<number, number>): string {
  switch (effect.type) {
    case "appendToLog":
      return `append ${effect.requestId}`;
    case "acknowledgeProduce":
      return `ack ${effect.requestId} ${endOf.get(effect.requestId)}`;
    case "rejectProduce":
      return `rejectProduce ${effect.requestId} ${effect.error.code}`;
    case "readLog":
      return `read ${effect.requestId} ${effect.fromOffset}..${effect.upToOffset} min ${effect.minBytes} of ${effect.committedBytes}`;
    case "parkFetch":
      return `park ${effect.requestId}`;
    case "answerFetchEmpty":
      return `empty ${effect.requestId} ${effect.highWatermark}`;
    case "rejectFetch":
      return `rejectFetch ${effect.requestId} ${effect.error.code}`;
    case "highWatermarkAdvanced":
      return `hw ${effect.highWatermark}`;
    default:
      return effect.type;
  }
}

/** The event that a command means in the present state of the oracle; undefined: it makes no sense there. */
function toEvent(step: Command, requestId: number, oracle: Oracle, reads: ReadEffect[]): PartitionEvent | undefined {
  const epoch = oracle.newestEpoch;
  switch (step.do) {
    case "lead":
      return becomeLeader({
        leaderEpoch: leaderEpoch(epoch + 1),
        replicaSets: replicaSets({ inSyncReplicas: step.isr }),
        inSyncReplicasMin: step.min,
        logEndOffset: offset(oracle.placed),
        ackedOffset: offset(Math.floor(step.acked * oracle.placed)),
      });
    case "resign":
      return { type: "resign", leaderEpoch: leaderEpoch(epoch + 1), leader: step.leader };
    case "append": {
      const clientEpoch = step.epochShift === undefined ? undefined : epoch + step.epochShift;
      return { type: "appendRequested", requestId, acks: step.acks, clientEpoch };
    }
    case "place": {
      const next = oracle.unplaced[0];
      if (next === undefined) return undefined;
      const baseOffset = offset(oracle.placed);
      return {
        type: "appendPlaced",
        requestId: next.request,
        baseOffset,
        endOffset: offset(oracle.placed + step.records),
        sizeBytes: step.sizeBytes,
      };
    }
    case "duplicate": {
      const next = oracle.unplaced[0];
      const batch = oracle.batches[step.which % oracle.batches.length];
      if (next === undefined || batch === undefined) return undefined;
      const { base, end } = batch;
      return { type: "appendDuplicated", requestId: next.request, baseOffset: offset(base), endOffset: offset(end) };
    }
    case "short": {
      const read = reads[step.which % reads.length];
      if (read === undefined) return undefined;
      reads.splice(reads.indexOf(read), 1);
      const { requestId: request, fromOffset, minBytes, leaderEpoch: epochOfRead, committedBytes } = read;
      const missingBytes = Math.min(step.missing, minBytes);
      const fetch = { requestId: request, fetchOffset: fromOffset, minBytes, missingBytes };
      return { type: "fetchFellShort", ...fetch, leaderEpoch: epochOfRead, committedBytes };
    }
    case "write": {
      if (!oracle.leads) return undefined;
      const written = oracle.written + Math.round((oracle.placed - oracle.written) * step.amount);
      return {
        type: "logAdvanced",
        leaderEpoch: leaderEpoch(step.isStale && epoch > 0 ? epoch - 1 : epoch),
        logEndOffset: offset(written),
        ackedOffset: offset(Math.floor(oracle.acked + (written - oracle.acked) * step.acked)),
      };
    }
    case "fetch": {
      const fetchOffset = oracle.highWatermark + step.shift;
      return {
        type: "fetchRequested",
        requestId,
        fetchOffset,
        clientEpoch: undefined,
        mayWait: step.mayWait,
        minBytes: step.minBytes,
      };
    }
    case "expire":
      return { type: "fetchExpired", requestId: step.request };
    case "refuse": {
      const last = oracle.unplaced.at(-1);
      if (last === undefined) return undefined;
      return { type: "appendRefused", requestId: last.request, error: diskFull };
    }
    case "takeBack": {
      const fromOffset = offset(oracle.written);
      return { type: "appendsTakenBack", leaderEpoch: leaderEpoch(Math.max(epoch, 0)), fromOffset, error: diskFull };
    }
    case "fail":
      return { type: "logFailed", reason: "disk" };
  }
}

describe("PartitionStateMachine under random events", () => {
  it("does what the oracle does, acknowledges nothing early and answers every request once", () => {
    fc.assert(
      fc.property(fc.option(lead, { freq: 9 }), fc.array(command, { maxLength: 160, size: "max" }), (first, others) => {
        const machine = new PartitionStateMachine(identity);
        const oracle = new Oracle();
        const endOf = new Map<number, number>();
        const asked = new Set<number>();
        let answers: number[] = [];
        /** Reads that may turn out to be too little. */
        const reads: ReadEffect[] = [];
        let highWatermark = { epoch: -1, value: 0 };
        const run = (event: PartitionEvent): void => {
          if (event.type === "appendPlaced" || event.type === "appendDuplicated")
            endOf.set(event.requestId, event.endOffset);
          if (event.type === "appendRequested" || event.type === "fetchRequested") asked.add(event.requestId);
          if (event.type === "fetchFellShort") answers = answers.filter((request) => request !== event.requestId);
          const effects = machine.step(event);
          const expected = oracle.apply(event);
          expect(effects.map((effect) => text(effect, endOf)).sort()).toEqual(expected.sort());
          for (const effect of effects) {
            if (effect.type === "readLog" && effect.minBytes > 1) reads.push(effect);
            if (effect.type === "highWatermarkAdvanced") {
              if (effect.leaderEpoch === highWatermark.epoch)
                expect(effect.highWatermark).toBeGreaterThan(highWatermark.value);
              highWatermark = { epoch: effect.leaderEpoch, value: effect.highWatermark };
            } else if ("requestId" in effect && effect.type !== "appendToLog" && effect.type !== "parkFetch") {
              answers.push(effect.requestId);
            }
          }
          expect(machine.highWatermark).toBe(oracle.leads ? (oracle.highWatermark as Offset) : undefined);
        };
        const commands = first === null ? others : [first, ...others];
        commands.forEach((step, index) => {
          const event = toEvent(step, index, oracle, reads);
          if (event !== undefined) run(event);
        });
        run({ type: "resign", leaderEpoch: leaderEpoch(oracle.newestEpoch + 1), leader: undefined });
        expect(answers.sort((a, b) => a - b)).toEqual([...asked].sort((a, b) => a - b));
      }),
      { numRuns: propertyRuns({ usual: 200, long: 10000 }) },
    );
  });
});
