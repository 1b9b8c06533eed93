import { describe, expect, it } from "vitest";
import { controlMarkerOf, replayProducers } from "./producer-replay.js";
import { ProducerState } from "./producer-state.js";
import { markerRecord, producerBatch } from "./testing/producer-fixture.js";

function controlBatch(record: { key: Buffer; value: Buffer }): Buffer {
  return producerBatch({ producerId: 1, baseOffset: 0, control: record }).bytes;
}

describe("controlMarkerOf", () => {
  it("reads what ends a transaction and the epoch of who ended it", () => {
    expect(controlMarkerOf(controlBatch(markerRecord(0, 7)))).toEqual({ type: "abort", coordinatorEpoch: 7 });
    expect(controlMarkerOf(controlBatch(markerRecord(1, 8)))).toEqual({ type: "commit", coordinatorEpoch: 8 });
  });

  it("reads the marker of a later version, which has more fields", () => {
    const { key, value } = markerRecord(1, 8);
    value.writeInt16BE(1, 0);
    expect(controlMarkerOf(controlBatch({ key, value: Buffer.concat([value, Buffer.alloc(3)]) }))).toEqual({
      type: "commit",
      coordinatorEpoch: 8,
    });
  });

  it("finds none in records of an application", () => {
    expect(controlMarkerOf(producerBatch({ producerId: 1, baseOffset: 0 }).bytes)).toBeUndefined();
  });

  it("finds none in control batches of another kind or with nonsense in them", () => {
    expect(controlMarkerOf(controlBatch(markerRecord(2)))).toBeUndefined();
    expect(controlMarkerOf(controlBatch(markerRecord(-1)))).toBeUndefined();
    expect(controlMarkerOf(controlBatch(markerRecord(1, -1)))).toBeUndefined();
    expect(controlMarkerOf(controlBatch({ ...markerRecord(1), key: Buffer.alloc(3) }))).toBeUndefined();
    expect(controlMarkerOf(controlBatch({ ...markerRecord(1), value: Buffer.alloc(5) }))).toBeUndefined();
    const compressed = controlBatch(markerRecord(1));
    compressed.writeInt16BE(compressed.readInt16BE(21) | 1, 21);
    expect(controlMarkerOf(compressed)).toBeUndefined();
  });

  it("throws for no bytes: every byte set to everything, and every length", () => {
    const good = controlBatch(markerRecord(1, 3));
    for (let at = 0; at < good.length; at++) {
      expect(() => controlMarkerOf(good.subarray(0, at))).not.toThrow();
      for (let value = 0; value < 256; value++) {
        const bytes = Buffer.from(good);
        bytes[at] = value;
        const marker = controlMarkerOf(bytes);
        if (marker !== undefined) expect(["abort", "commit"]).toContain(marker.type);
      }
    }
  });
});

describe("replayProducers", () => {
  it("adds batches of producers and passes over the rest", () => {
    const state = new ProducerState();
    const plain = producerBatch({ producerId: -1, epoch: -1, sequence: -1, baseOffset: 0 });
    replayProducers(state, [plain, producerBatch({ producerId: 4, baseOffset: 1, isTransactional: true })]);
    expect([...state.entries()]).toMatchObject([{ producerId: 4, openTransactionOffset: 1 }]);
  });

  it("leaves a transaction open at an unknown control record", () => {
    const state = new ProducerState();
    replayProducers(state, [
      producerBatch({ producerId: 4, baseOffset: 1, isTransactional: true }),
      producerBatch({ producerId: 4, baseOffset: 2, control: markerRecord(5) }),
    ]);
    expect(state.firstOpenTransactionOffset).toBe(1);
  });
});
