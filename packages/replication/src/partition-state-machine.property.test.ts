/**
 * The machine against an oracle that keeps everything in plain lists and looks through all of them at every event. Both see
 * the same random events; every effect must agree. What the guarantees say is asserted on top, from the effects alone.
 */

import { leaderEpoch, type Offset, offset, SluiceError, type TopicName } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import type { PartitionEffect } from "./partition-effect.js";
import type { PartitionEvent, RequiredAcks } from "./partition-event.js";
import { PartitionStateMachine } from "./partition-state-machine.js";

const diskFull = new SluiceError("DISK_FULL", { path: "/data" });
const identity = { topic: "t" as TopicName, partition: 0, broker: 1 };

type Command =
  | { do: "lead"; isr: number[]; min: number; acked: number }
  | { do: "resign"; leader: number | undefined }
  | { do: "append"; acks: RequiredAcks; epochShift: number | undefined }
  | { do: "place"; records: number }
  | { do: "write"; amount: number; acked: number; isStale: boolean }
  | { do: "fetch"; shift: number; mayWait: boolean }
  | { do: "expire"; request: number }
  | { do: "refuse" | "takeBack" | "fail" };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("lead" as const),
      isr: fc.constantFrom<number[]>([1], [1], [1], [2, 1]),
      min: fc.constantFrom(1, 1, 2),
      acked: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("resign" as const), leader: fc.constantFrom(undefined, 2) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      acks: fc.constantFrom<RequiredAcks>("all", "leader", "none"),
      epochShift: fc.constantFrom(undefined, 0, 0, 0, -1, 1),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("place" as const), records: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      amount: fc.double({ min: 0, max: 1, noNaN: true }),
      acked: fc.double({ min: 0, max: 1, noNaN: true }),
      isStale: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("fetch" as const),
      shift: fc.integer({ min: -4, max: 6 }),
      mayWait: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("expire" as const), request: fc.nat(80) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("refuse" as const, "takeBack") }) },
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
  parked: { request: number; at: number }[] = [];

  apply(event: PartitionEvent): string[] {
    switch (event.type) {
      case "becomeLeader": {
        const out = this.endEpoch("FENCED_LEADER_EPOCH");
        Object.assign(this, { newestEpoch: event.leaderEpoch, leads: true, leader: 1, isr: event.inSyncReplicas });
        Object.assign(this, { min: event.inSyncReplicasMin, acked: event.ackedOffset, epochStart: event.logEndOffset });
        Object.assign(this, { written: event.logEndOffset, placed: event.logEndOffset });
        this.highWatermark = this.rule() ?? event.logStartOffset;
        return [...out, `hw ${this.highWatermark}`];
      }
      case "resign": {
        const out = this.endEpoch("NOT_LEADER");
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
        this.waiting.push({ request: begun.request, acks: begun.acks, end: event.endOffset });
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
        if (event.fetchOffset < this.highWatermark)
          return [`read ${event.requestId} ${event.fetchOffset}..${this.highWatermark}`];
        if (!event.mayWait) return [`empty ${event.requestId} ${this.highWatermark}`];
        this.parked.push({ request: event.requestId, at: event.fetchOffset });
        return [`park ${event.requestId}`];
      }
      case "fetchExpired": {
        if (!this.parked.some((fetch) => fetch.request === event.requestId)) return [];
        this.parked = this.parked.filter((fetch) => fetch.request !== event.requestId);
        return [`empty ${event.requestId} ${this.highWatermark}`];
      }
      case "logStartMoved":
        return [];
    }
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
      out.push(`read ${fetch.request} ${fetch.at}..${this.highWatermark}`);
    this.parked = this.parked.filter(({ at }) => at >= this.highWatermark);
    if (!wasExact && this.highWatermark >= this.epochStart) {
      for (const fetch of this.parked.filter(({ at }) => at > this.placed))
        out.push(`rejectFetch ${fetch.request} OFFSET_OUT_OF_RANGE`);
      this.parked = this.parked.filter(({ at }) => at <= this.placed);
    }
    return out;
  }

  endEpoch(fetchCode: string): string[] {
    const out = this.parked.map((fetch) => `rejectFetch ${fetch.request} ${fetchCode}`);
    this.parked = [];
    return [...this.failAppends(), ...out];
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

function text(effect: PartitionEffect, endOf: Map<number, number>): string {
  switch (effect.type) {
    case "appendToLog":
      return `append ${effect.requestId}`;
    case "acknowledgeProduce":
      return `ack ${effect.requestId} ${endOf.get(effect.requestId)}`;
    case "rejectProduce":
      return `rejectProduce ${effect.requestId} ${effect.error.code}`;
    case "readLog":
      return `read ${effect.requestId} ${effect.fromOffset}..${effect.upToOffset}`;
    case "parkFetch":
      return `park ${effect.requestId}`;
    case "answerFetchEmpty":
      return `empty ${effect.requestId} ${effect.highWatermark}`;
    case "rejectFetch":
      return `rejectFetch ${effect.requestId} ${effect.error.code}`;
    case "highWatermarkAdvanced":
      return `hw ${effect.highWatermark}`;
  }
}

/** The event that a command means in the present state of the oracle; undefined: it makes no sense there. */
function toEvent(step: Command, requestId: number, oracle: Oracle): PartitionEvent | undefined {
  const epoch = oracle.newestEpoch;
  switch (step.do) {
    case "lead":
      return {
        type: "becomeLeader",
        leaderEpoch: leaderEpoch(epoch + 1),
        inSyncReplicas: step.isr,
        inSyncReplicasMin: step.min,
        logStartOffset: offset(0),
        logEndOffset: offset(oracle.placed),
        ackedOffset: offset(Math.floor(step.acked * oracle.placed)),
      };
    case "resign":
      return { type: "resign", leaderEpoch: leaderEpoch(epoch + 1), leader: step.leader };
    case "append": {
      const clientEpoch = step.epochShift === undefined ? undefined : epoch + step.epochShift;
      return { type: "appendRequested", requestId, acks: step.acks, recordCount: 1, clientEpoch };
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
      };
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
      return { type: "fetchRequested", requestId, fetchOffset, clientEpoch: undefined, mayWait: step.mayWait };
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
      fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
        const machine = new PartitionStateMachine(identity);
        const oracle = new Oracle();
        const endOf = new Map<number, number>();
        const asked = new Set<number>();
        const answers: number[] = [];
        let highWatermark = { epoch: -1, value: 0 };
        const run = (event: PartitionEvent): void => {
          if (event.type === "appendPlaced") endOf.set(event.requestId, event.endOffset);
          if (event.type === "appendRequested" || event.type === "fetchRequested") asked.add(event.requestId);
          const effects = machine.step(event);
          const expected = oracle.apply(event);
          expect(effects.map((effect) => text(effect, endOf)).sort()).toEqual(expected.sort());
          for (const effect of effects) {
            if (effect.type === "highWatermarkAdvanced") {
              if (effect.leaderEpoch === highWatermark.epoch)
                expect(effect.highWatermark).toBeGreaterThan(highWatermark.value);
              highWatermark = { epoch: effect.leaderEpoch, value: effect.highWatermark };
            } else if (effect.type !== "appendToLog" && effect.type !== "parkFetch") answers.push(effect.requestId);
          }
          expect(machine.highWatermark).toBe(oracle.leads ? (oracle.highWatermark as Offset) : undefined);
        };
        commands.forEach((step, index) => {
          const event = toEvent(step, index, oracle);
          if (event !== undefined) run(event);
        });
        run({ type: "resign", leaderEpoch: leaderEpoch(oracle.newestEpoch + 1), leader: undefined });
        expect(answers.sort((a, b) => a - b)).toEqual([...asked].sort((a, b) => a - b));
      }),
      { numRuns: propertyRuns({ usual: 300, long: 10000 }) },
    );
  });
});
