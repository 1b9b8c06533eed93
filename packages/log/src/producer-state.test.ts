import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fraction } from "../../../test/support/fraction.js";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { controlMarkerOf, replayProducers } from "./producer-replay.js";
import { encodeProducerSnapshot, parseProducerSnapshot } from "./producer-snapshot.js";
import { ProducerState, type ProducerVerdict, sequenceAfter } from "./producer-state.js";
import {
  markerRecord,
  type ProducerBatch,
  type ProducerBatchOptions,
  producerBatch,
} from "./testing/producer-fixture.js";

const where = "flights-0";

function stateOf(...batches: readonly ProducerBatchOptions[]): ProducerState {
  const state = new ProducerState();
  replayProducers(state, batches.map(producerBatch));
  return state;
}

/** `append`, `duplicate <base offset>` or the code of the error. */
function verdictOf(state: ProducerState, batch: Omit<ProducerBatchOptions, "baseOffset">): string {
  return shortVerdict(state.check(producerBatch({ baseOffset: 0, ...batch }).header, where));
}

function shortVerdict(verdict: ProducerVerdict): string {
  if (verdict.type === "refused") return verdict.error.code;
  return verdict.type === "duplicate" ? `duplicate ${verdict.baseOffset}` : verdict.type;
}

describe("ProducerState.check", () => {
  it("appends any batch without a producer id, and remembers nothing of it", () => {
    const state = stateOf({ producerId: -1, epoch: -1, sequence: -1, baseOffset: 0 });
    expect(verdictOf(state, { producerId: -1, epoch: -1, sequence: -1 })).toBe("append");
    expect(state.size).toBe(0);
  });

  it("takes of a producer that it does not know the first sequence only, in any epoch", () => {
    expect(verdictOf(new ProducerState(), { producerId: 1, epoch: 3, sequence: 0 })).toBe("append");
    expect(verdictOf(new ProducerState(), { producerId: 1, epoch: 3, sequence: 900 })).toBe("OUT_OF_ORDER_SEQUENCE");
  });

  it("takes the sequence after the last one and refuses a gap, naming what would have followed", () => {
    const state = stateOf({ producerId: 1, sequence: 10, baseOffset: 0, count: 3 });
    expect(verdictOf(state, { producerId: 1, sequence: 13 })).toBe("append");
    const verdict = state.check(producerBatch({ producerId: 1, sequence: 14, baseOffset: 0 }).header, where);
    expect(verdict).toMatchObject({
      type: "refused",
      error: { code: "OUT_OF_ORDER_SEQUENCE", details: { producerId: 1, sequence: 14, where, expected: 13 } },
    });
  });

  it("answers a repeated batch with offsets and timestamp of the first", () => {
    const state = stateOf(
      { producerId: 1, sequence: 0, baseOffset: 40, count: 2, timestampMs: 77 },
      { producerId: 1, sequence: 2, baseOffset: 50 },
    );
    const repeated = producerBatch({ producerId: 1, sequence: 0, baseOffset: 0, count: 2, timestampMs: 88 });
    expect(state.check(repeated.header, where)).toEqual({
      type: "duplicate",
      baseOffset: 40,
      lastOffset: 41,
      timestampMs: 77,
    });
  });

  it("does not take a part of a batch for a repetition of it", () => {
    const state = stateOf({ producerId: 1, sequence: 0, baseOffset: 0, count: 4 });
    expect(verdictOf(state, { producerId: 1, sequence: 0, count: 3 })).toBe("OUT_OF_ORDER_SEQUENCE");
    expect(verdictOf(state, { producerId: 1, sequence: 1, count: 3 })).toBe("OUT_OF_ORDER_SEQUENCE");
  });

  it("knows the last five batches again and no older one", () => {
    const state = stateOf(...[0, 1, 2, 3, 4, 5].map((n) => ({ producerId: 1, sequence: n, baseOffset: 10 + n })));
    expect(verdictOf(state, { producerId: 1, sequence: 0 })).toBe("OUT_OF_ORDER_SEQUENCE");
    for (const n of [1, 2, 3, 4, 5]) {
      expect(verdictOf(state, { producerId: 1, sequence: n })).toBe(`duplicate ${10 + n}`);
    }
  });

  it("lets 0 follow 2^31 - 1, also inside a batch", () => {
    const atEnd = stateOf({ producerId: 1, sequence: 0x7fffffff, baseOffset: 0 });
    expect(verdictOf(atEnd, { producerId: 1, sequence: 0 })).toBe("append");
    const across = stateOf({ producerId: 1, sequence: 0x7ffffffe, baseOffset: 0, count: 5 });
    expect(verdictOf(across, { producerId: 1, sequence: 3 })).toBe("append");
    expect(verdictOf(across, { producerId: 1, sequence: 2 })).toBe("OUT_OF_ORDER_SEQUENCE");
    expect(verdictOf(across, { producerId: 1, sequence: 0x7ffffffe, count: 5 })).toBe("duplicate 0");
  });

  it("counts offsets, not records: compaction leaves fewer", () => {
    const { header } = producerBatch({ producerId: 1, sequence: 0, baseOffset: 0, count: 5 });
    const state = new ProducerState();
    state.add({ ...header, recordCount: 0 });
    expect(verdictOf(state, { producerId: 1, sequence: 5 })).toBe("append");
  });

  it("fences an older epoch and lets a new one begin only at 0", () => {
    const state = stateOf({ producerId: 1, epoch: 4, sequence: 7, baseOffset: 0 });
    expect(verdictOf(state, { producerId: 1, epoch: 3, sequence: 8 })).toBe("FENCED_PRODUCER");
    expect(verdictOf(state, { producerId: 1, epoch: 5, sequence: 8 })).toBe("OUT_OF_ORDER_SEQUENCE");
    expect(verdictOf(state, { producerId: 1, epoch: 5, sequence: 0 })).toBe("append");
  });

  it("forgets the batches of an epoch when the next begins", () => {
    const state = stateOf(
      { producerId: 1, epoch: 0, sequence: 0, baseOffset: 0 },
      { producerId: 1, epoch: 1, sequence: 0, baseOffset: 1, count: 2 },
    );
    expect(verdictOf(state, { producerId: 1, epoch: 1, sequence: 0 })).toBe("OUT_OF_ORDER_SEQUENCE");
    expect(verdictOf(state, { producerId: 1, epoch: 0, sequence: 0 })).toBe("FENCED_PRODUCER");
  });

  it("refuses a producer id without an epoch or a sequence", () => {
    const state = new ProducerState();
    expect(verdictOf(state, { producerId: 1, epoch: -1, sequence: 0 })).toBe("INVALID_RECORD_BATCH");
    expect(verdictOf(state, { producerId: 1, epoch: 0, sequence: -1 })).toBe("INVALID_RECORD_BATCH");
  });

  it("asks no sequence of a marker, and fences one of an older epoch", () => {
    const state = stateOf({ producerId: 1, epoch: 4, sequence: 7, baseOffset: 0 });
    expect(verdictOf(state, { producerId: 1, epoch: 4, control: markerRecord(1) })).toBe("append");
    expect(verdictOf(state, { producerId: 1, epoch: 3, control: markerRecord(1) })).toBe("FENCED_PRODUCER");
  });
});

describe("ProducerState.add", () => {
  it("never refuses: a gap in the log is what goes on from there", () => {
    const state = stateOf({ producerId: 1, sequence: 0, baseOffset: 0 }, { producerId: 1, sequence: 9, baseOffset: 1 });
    expect(verdictOf(state, { producerId: 1, sequence: 10 })).toBe("append");
  });

  it("keeps the newer epoch where an older one follows in the log", () => {
    const state = stateOf(
      { producerId: 1, epoch: 2, sequence: 0, baseOffset: 0 },
      { producerId: 1, epoch: 1, sequence: 5, baseOffset: 1 },
    );
    expect(verdictOf(state, { producerId: 1, epoch: 1, sequence: 6 })).toBe("FENCED_PRODUCER");
    expect(verdictOf(state, { producerId: 1, epoch: 2, sequence: 1 })).toBe("append");
  });

  it("holds the oldest transaction that is open until its marker", () => {
    const data = { isTransactional: true, sequence: 0 };
    const state = stateOf(
      { ...data, producerId: 1, baseOffset: 10 },
      { ...data, producerId: 2, baseOffset: 11 },
      { ...data, producerId: 1, sequence: 1, baseOffset: 12 },
    );
    expect(state.firstOpenTransactionOffset).toBe(10);
    replayProducers(state, [producerBatch({ producerId: 1, baseOffset: 13, control: markerRecord(1) })]);
    expect(state.firstOpenTransactionOffset).toBe(11);
    replayProducers(state, [producerBatch({ producerId: 2, baseOffset: 14, control: markerRecord(0) })]);
    expect(state.firstOpenTransactionOffset).toBeUndefined();
    expect(verdictOf(state, { ...data, producerId: 1, sequence: 2 })).toBe("append");
  });

  it("opens nothing for a transactional batch that compaction emptied", () => {
    const { header } = producerBatch({ producerId: 1, baseOffset: 0, isTransactional: true });
    const state = new ProducerState();
    state.add({ ...header, recordCount: 0 });
    expect(state.firstOpenTransactionOffset).toBeUndefined();
  });

  it("begins a new epoch with a marker that bumps it", () => {
    const state = stateOf(
      { producerId: 1, epoch: 0, sequence: 0, baseOffset: 0, isTransactional: true },
      { producerId: 1, epoch: 1, baseOffset: 1, control: markerRecord(0, 6) },
    );
    expect(verdictOf(state, { producerId: 1, epoch: 0, sequence: 1 })).toBe("FENCED_PRODUCER");
    expect(verdictOf(state, { producerId: 1, epoch: 1, sequence: 1 })).toBe("OUT_OF_ORDER_SEQUENCE");
    expect(verdictOf(state, { producerId: 1, epoch: 1, sequence: 0 })).toBe("append");
    expect([...state.entries()]).toMatchObject([{ producerEpoch: 1, coordinatorEpoch: 6, openTransactionOffset: -1 }]);
  });
});

describe("ProducerState.expire", () => {
  it("forgets a producer after as long a silence by the clock of the broker, whatever its timestamps", () => {
    const state = stateOf({ producerId: 1, baseOffset: 0, timestampMs: 5 });
    state.expire(1_000_000, 100);
    expect(state.size).toBe(1);
    state.expire(1_000_099, 100);
    expect(state.size).toBe(1);
    state.expire(1_000_100, 100);
    expect(state.size).toBe(0);
  });

  it("counts anew from every batch", () => {
    const state = stateOf({ producerId: 1, sequence: 0, baseOffset: 0 });
    state.expire(1000, 100);
    replayProducers(state, [producerBatch({ producerId: 1, sequence: 1, baseOffset: 1 })]);
    state.expire(1099, 100);
    state.expire(1198, 100);
    expect(state.size).toBe(1);
    state.expire(1199, 100);
    expect(state.size).toBe(0);
  });

  it("counts anew where the clock was set back", () => {
    const state = stateOf({ producerId: 1, baseOffset: 0 });
    state.expire(1_000_000, 100);
    state.expire(50, 100);
    state.expire(150, 100);
    expect(state.size).toBe(0);
  });

  it("keeps a producer whose transaction is open", () => {
    const state = stateOf({ producerId: 1, baseOffset: 3, isTransactional: true });
    state.expire(1000, 100);
    state.expire(9000, 100);
    expect(state.firstOpenTransactionOffset).toBe(3);
    expect(state.size).toBe(1);
  });
});

describe("ProducerState.equals and clone", () => {
  const first: ProducerBatchOptions = { producerId: 1, sequence: 0, baseOffset: 0 };

  it("makes a copy that is equal and goes its own way", () => {
    const state = stateOf(first);
    const copy = state.clone();
    expect(copy.equals(state)).toBe(true);
    replayProducers(copy, [producerBatch({ producerId: 1, sequence: 1, baseOffset: 1 })]);
    expect(copy.equals(state)).toBe(false);
    expect(verdictOf(state, { producerId: 1, sequence: 1 })).toBe("append");
  });

  it.each([
    ["producer", stateOf({ ...first, producerId: 2 })],
    ["number of producers", stateOf(first, { ...first, producerId: 2 })],
    ["epoch", stateOf({ ...first, epoch: 1 })],
    ["sequence", stateOf({ ...first, sequence: 1 })],
    ["offset", stateOf({ ...first, baseOffset: 1 })],
    ["timestamp", stateOf({ ...first, timestampMs: 1 })],
    ["open transaction", stateOf({ ...first, isTransactional: true })],
    ["marker", stateOf(first, { producerId: 1, baseOffset: 1, control: markerRecord(1, 3) })],
    ["number of batches", stateOf(first, { ...first, sequence: 1, baseOffset: 1 })],
  ])("is unequal where another %s is remembered", (_, other) => {
    expect(stateOf(first).equals(other)).toBe(false);
    expect(other.equals(stateOf(first))).toBe(false);
  });
});

/** What a producer does next, in terms of what is in the log. */
interface Step {
  readonly producerId: number;
  readonly kind: "next" | "repeat" | "anything" | "marker" | "emptied" | "replicated";
  readonly pick: number;
  readonly count: number;
  readonly epochStep: number;
  readonly isTransactional: boolean;
}

const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  producerId: fc.constantFrom(-1, 0, 1, 2 ** 40),
  kind: fc.constantFrom("next", "next", "next", "repeat", "repeat", "anything", "marker", "emptied", "replicated"),
  pick: fc.nat(5),
  count: fc.integer({ min: 1, max: 4 }),
  epochStep: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, -1),
  isTransactional: fc.boolean(),
});

/** The slow, obvious truth: everything that was ever appended. */
class EveryBatch {
  readonly batches: ProducerBatch[] = [];

  get endOffset(): number {
    return (this.batches.at(-1)?.header.lastOffset ?? -1) + 1;
  }

  epochOf(producerId: number): number {
    return Math.max(-1, ...this.#of(producerId).map(({ header }) => header.producerEpoch));
  }

  /** Those with a sequence in the last epoch of the producer, unless appended below an epoch that was there. */
  sequenced(producerId: number): ProducerBatch[] {
    const epoch = this.epochOf(producerId);
    return this.#of(producerId).filter(({ header }) => !header.isControl && header.producerEpoch === epoch);
  }

  verdictOf(batch: ProducerBatch): string {
    const { producerId, producerEpoch, baseSequence, lastOffsetDelta, isControl } = batch.header;
    if (producerId < 0) return "append";
    const epoch = this.epochOf(producerId);
    if (producerEpoch < epoch) return "FENCED_PRODUCER";
    if (isControl) return "append";
    const known = producerEpoch > epoch ? [] : this.sequenced(producerId).slice(-5);
    const repeated = known.find(
      ({ header }) => header.baseSequence === baseSequence && header.lastOffsetDelta === lastOffsetDelta,
    );
    if (repeated !== undefined) return `duplicate ${repeated.header.baseOffset}`;
    return baseSequence === nextSequenceOf(known) ? "append" : "OUT_OF_ORDER_SEQUENCE";
  }

  firstOpenTransactionOffset(): number | undefined {
    const open = this.batches.filter(({ header }, at) => {
      if (!header.isTransactional || header.isControl || header.recordCount === 0) return false;
      return !this.batches
        .slice(at)
        .some((later) => later.header.isControl && isSameProducer(later, header.producerId));
    });
    return open[0]?.header.baseOffset;
  }

  #of(producerId: number): ProducerBatch[] {
    return this.batches.filter((batch) => isSameProducer(batch, producerId));
  }
}

function isSameProducer({ header }: ProducerBatch, producerId: number): boolean {
  return header.producerId === producerId;
}

function nextSequenceOf(batches: readonly ProducerBatch[]): number {
  const last = batches.at(-1)?.header;
  return last === undefined ? 0 : Number((BigInt(last.baseSequence) + BigInt(last.lastOffsetDelta) + 1n) % 2n ** 31n);
}

function batchOfStep(step: Step, every: EveryBatch): ProducerBatch {
  const { producerId, kind, pick, count, epochStep, isTransactional } = step;
  const epoch = producerId < 0 ? -1 : Math.max(0, every.epochOf(producerId) + (kind === "repeat" ? 0 : epochStep));
  const common = { producerId, epoch, baseOffset: every.endOffset, timestampMs: pick };
  if (kind === "marker" && producerId >= 0) {
    return producerBatch({ ...common, control: markerRecord(pick % 2, pick) });
  }
  const known = every.sequenced(producerId);
  const repeated = kind === "repeat" ? known.at(-1 - pick)?.header : undefined;
  const starts = [0, 5, 0x7ffffffe, 0x7fffffff, nextSequenceOf(known)];
  const following = known.length === 0 ? (starts[pick % starts.length] ?? 0) : nextSequenceOf(known);
  const sequence = repeated?.baseSequence ?? (kind === "anything" ? (starts[pick % starts.length] ?? 0) : following);
  const batch = producerBatch({
    ...common,
    sequence: producerId < 0 ? -1 : epochStep > 0 && kind === "next" ? 0 : sequence,
    count: repeated === undefined ? count : repeated.lastOffsetDelta + 1,
    isTransactional: isTransactional && producerId >= 0,
  });
  return kind === "emptied" ? { ...batch, header: { ...batch.header, recordCount: 0 } } : batch;
}

describe("ProducerState against a list of every batch", () => {
  it("gives the same verdicts and the same open transaction, and a snapshot anywhere plus the rest is the whole", () => {
    const steps = fc.array(stepArbitrary, { minLength: 1, maxLength: 60, size: "max" });
    let appendedCount = 0;
    let duplicateCount = 0;
    const property = fc.property(steps, fraction, (script, cut) => {
      const state = new ProducerState();
      const every = new EveryBatch();
      for (const step of script) {
        const batch = batchOfStep(step, every);
        const verdict = shortVerdict(state.check(batch.header, where));
        expect(verdict).toBe(every.verdictOf(batch));
        if (verdict.startsWith("duplicate")) duplicateCount++;
        if (verdict !== "append" && step.kind !== "replicated") continue;
        appendedCount++;
        state.add(batch.header, controlMarkerOf(batch.bytes));
        every.batches.push(batch);
        expect(state.firstOpenTransactionOffset).toBe(every.firstOpenTransactionOffset());
      }
      const at = Math.round(cut * every.batches.length);
      const before = new ProducerState();
      replayProducers(before, every.batches.slice(0, at));
      const end = (every.batches[at - 1]?.header.lastOffset ?? -1) + 1;
      const loaded = parseProducerSnapshot(encodeProducerSnapshot(before), end);
      expect(loaded?.equals(before)).toBe(true);
      const rebuilt = loaded ?? new ProducerState();
      replayProducers(rebuilt, every.batches.slice(at));
      expect(rebuilt.equals(state)).toBe(true);
      expect(rebuilt.firstOpenTransactionOffset).toBe(state.firstOpenTransactionOffset);
    });
    fc.assert(property, { numRuns: propertyRuns({ usual: 300, long: 5000 }) });
    expect(appendedCount).toBeGreaterThan(1000);
    expect(duplicateCount).toBeGreaterThan(100);
  });
});

it("wraps sequences both ways", () => {
  expect(sequenceAfter(0x7fffffff, 1)).toBe(0);
  expect(sequenceAfter(0, -1)).toBe(0x7fffffff);
  expect(sequenceAfter(0x7fffffff, 0x7fffffff)).toBe(0x7ffffffe);
  expect(sequenceAfter(5, 0)).toBe(5);
});
