import { describe, expect, it } from "vitest";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { readBatchHeader } from "./record-batch-header.js";
import { verifyBatchChecksum } from "./record-batch-layout.js";
import { recordsIn } from "./record-batch-reader.js";
import { stampBatchProducer } from "./stamp-batch-producer.js";

function builder(): RecordBatchBuilder {
  const made = new RecordBatchBuilder({ compression: "gzip" });
  for (let i = 0; i < 3; i++) made.append({ timestampMs: 1000 + i, key: null, value: Buffer.alloc(400, "a") });
  return made;
}

describe("stampBatchProducer", () => {
  it("makes the bytes that a build with that producer makes", () => {
    const stamped = builder().build({ producerId: 1, producerEpoch: 0, baseSequence: 4 });
    const producer = { producerId: 2 ** 40, producerEpoch: 32_767, baseSequence: 2 ** 31 - 1 };
    stampBatchProducer(stamped, producer);
    expect(stamped).toEqual(builder().build(producer));
    expect(verifyBatchChecksum(stamped, 0, stamped.length)).toBe(true);
    expect(readBatchHeader(stamped)).toMatchObject(producer);
  });
});

describe("RecordBatchBuilder.close", () => {
  it("compresses before the build, which gives as many bytes as it then says", () => {
    const made = builder();
    const before = made.sizeBytes;
    made.close();
    made.close();
    expect(made.sizeBytes).toBeLessThan(before);
    expect(() => made.append({ timestampMs: 1, key: null, value: null })).toThrow(/append after close/);
    const sizeBytes = made.sizeBytes;
    const batch = made.build();
    expect(batch).toHaveLength(sizeBytes);
    expect([...recordsIn(batch)].map(({ value }) => value?.length)).toEqual([400, 400, 400]);
  });
});
