/** In a file of its own: what was prepared once stays so in a process. */

import { expect, it } from "vitest";
import { hasNativeZstd } from "./codecs/zstd.js";
import { checkCodecAvailable, compress, compressionCodecs, prepareCompression } from "./compression.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";

it.runIf(!hasNativeZstd)(
  "without zstd in Node, zstd is refused by the name of its package until it is prepared",
  async () => {
    const missing = expect.objectContaining({
      code: "MISSING_CODEC_PACKAGE",
      details: { codec: "zstd", package: "@hpcc-js/wasm-zstd" },
    }) as unknown;
    expect(() => compress("zstd", Buffer.from("abc"))).toThrow(missing);
    expect(() => checkCodecAvailable("zstd")).toThrow(missing);
    expect(() => new RecordBatchBuilder({ compression: "zstd" })).toThrow(missing);
    await prepareCompression();
    expect(() => new RecordBatchBuilder({ compression: "zstd" })).not.toThrow();
  },
);

it("every codec is there once prepared", async () => {
  await prepareCompression();
  for (const codec of compressionCodecs) expect(() => checkCodecAvailable(codec)).not.toThrow();
});
