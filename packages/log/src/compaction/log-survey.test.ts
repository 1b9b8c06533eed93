import { buildEndTransactionMarker, readBatchHeader, stampBatch } from "@sluice/record";
import { expect, it } from "vitest";
import { keyedBatch } from "../testing/compaction-fixture.js";
import { LogSurvey } from "./log-survey.js";
import type { SourceBatch } from "./source-batches.js";

function at(baseOffset: number, bytes: Buffer): SourceBatch & { bytes: Buffer } {
  stampBatch(bytes, 0, { baseOffset, leaderEpoch: 1 });
  return { position: 0, header: readBatchHeader(bytes), bytes };
}

function data(baseOffset: number, producerId: number, producerEpoch = 0) {
  const producer = { producerId, producerEpoch, baseSequence: baseOffset, isTransactional: true };
  return at(baseOffset, keyedBatch([{ key: "a", value: "1" }], { producer }));
}

function marker(baseOffset: number, producerId: number, type: "commit" | "abort", producerEpoch = 0) {
  return at(
    baseOffset,
    buildEndTransactionMarker({ type, coordinatorEpoch: 0, producerId, producerEpoch, timestampMs: 1 }),
  );
}

function survey(batches: readonly SourceBatch[], liveProducerIds?: readonly number[]): LogSurvey {
  const made = new LogSurvey(liveProducerIds);
  for (const batch of batches) made.add(batch);
  return made;
}

it("tells batches of aborted transactions from those of committed ones, of the same producer and of others between", () => {
  const aborted = [data(0, 1), data(2, 1), data(6, 1), data(10, 1)];
  const others = [data(1, 2), data(4, 1), data(8, 1)];
  const markers = [marker(3, 1, "abort"), marker(5, 1, "commit"), marker(7, 1, "abort"), marker(9, 1, "commit")];
  const last = [marker(11, 1, "abort"), marker(12, 2, "commit")];
  const all = [...aborted, ...others, ...markers, ...last].sort((a, b) => a.header.baseOffset - b.header.baseOffset);
  const made = survey(all);
  expect(all.filter(({ header }) => made.isAborted(header))).toEqual(aborted);
  expect(made.undecidedFrom).toBe(Number.POSITIVE_INFINITY);
});

it("knows where the first transaction begins whose end it has not seen", () => {
  expect(survey([data(0, 1), marker(1, 1, "commit"), data(2, 2), data(3, 1), data(4, 2)]).undecidedFrom).toBe(2);
  expect(survey([data(2, 2), data(3, 1), marker(5, 2, "abort")]).undecidedFrom).toBe(3);
});

it("knows the last batch of each producer, and a marker that fences it", () => {
  const batches = [
    data(0, 1),
    data(1, 1),
    marker(2, 1, "commit"),
    data(3, 2),
    marker(4, 2, "abort", 1),
    marker(5, 3, "abort"),
  ];
  const lastOf = (made: LogSurvey) =>
    batches.filter(({ header }) => made.isLastOfProducer(header)).map(({ header }) => header.baseOffset);
  expect(lastOf(survey(batches))).toEqual([1, 3, 4, 5]);
  expect(lastOf(survey(batches, [2]))).toEqual([3, 4]);
});
