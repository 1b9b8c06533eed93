import { describe, expect, it } from "vitest";
import { BatchMemory } from "./batch-memory.js";
import { PartitionSequences } from "./partition-sequences.js";
import { ProduceBatch } from "./produce-batch.js";
import type { ProducerIdentity, ProducerIds } from "./producer-ids.js";

let ordinal = 0;

function batchOf(recordCount: number): ProduceBatch {
  const batch = new ProduceBatch({
    partition: 0,
    delivery: { acks: "all", compression: "none", timeoutMs: 1000 },
    isIdempotent: true,
    compression: "none",
    expectedBytes: 100,
    deadlineMs: 1000,
    ordinal: ordinal++,
    sizeBytesMax: 1000,
    memory: new BatchMemory(),
  });
  batch.recordCount = recordCount;
  return batch;
}

/** Ids without a cluster. */
function idsFrom(first: number) {
  const ids = {
    current: { producerId: first, producerEpoch: 0 } as ProducerIdentity | undefined,
    discard: (producerId: number): void => {
      if (ids.current?.producerId === producerId) ids.current = undefined;
    },
  };
  return ids;
}

function stamped(sequences: PartitionSequences, recordCount = 1): ProduceBatch {
  const batch = batchOf(recordCount);
  sequences.stamp(batch);
  return batch;
}

describe("sequences of a partition", () => {
  it("go on at 0 after 2^31 - 1", () => {
    const sequences = new PartitionSequences(idsFrom(1) as unknown as ProducerIds);
    stamped(sequences, 2 ** 31 - 2);
    expect(stamped(sequences, 3).stamp?.baseSequence).toBe(2 ** 31 - 2);
    expect(stamped(sequences).stamp?.baseSequence).toBe(1);
  });

  it("begin anew in each epoch, and with another id when epochs run out", () => {
    const ids = idsFrom(1);
    const sequences = new PartitionSequences(ids as unknown as ProducerIds);
    for (let epoch = 0; epoch <= 0x7fff; epoch++) {
      const batch = stamped(sequences);
      expect(batch.stamp).toMatchObject({ producerId: 1, producerEpoch: epoch, baseSequence: 0 });
      sequences.abandon(batch);
      sequences.renew([]);
    }
    expect(sequences.hasIdentity).toBe(false);
    expect(ids.current).toBeUndefined();
    ids.current = { producerId: 2, producerEpoch: 0 };
    expect(stamped(sequences).stamp).toMatchObject({ producerId: 2, producerEpoch: 0, baseSequence: 0 });
  });

  it("are kept by a batch that may be written, unless one before it is known not to be", () => {
    const sequences = new PartitionSequences(idsFrom(1) as unknown as ProducerIds);
    const [first, second, third] = [stamped(sequences), stamped(sequences), stamped(sequences)];
    for (const batch of [first, second, third]) batch.hasLostAnswer = true;
    sequences.abandon(first);
    expect(sequences.needsRenewal(second)).toBe(false);
    second.hasLostAnswer = false;
    sequences.abandon(second);
    expect(sequences.isMaybeWritten(third)).toBe(false);
    expect(sequences.needsRenewal(third)).toBe(true);
    sequences.renew([third]);
    expect(third.stamp).toBeUndefined();
  });
});
