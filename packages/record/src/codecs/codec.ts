/** What every compression codec does, and how it refuses. Expansion is bounded by the caller; the codec keeps the bound. */

import { SluiceError } from "@sluice/model";

export interface Codec {
  /** @throws SluiceError MISSING_CODEC_PACKAGE */
  compress(bytes: Uint8Array): Uint8Array;
  /**
   * The bytes before compression. Neither a header nor a stream that lies makes it take more memory than twice
   * `expandedBytesMax`, which is what growing an output takes, apart from a constant.
   * @throws SluiceError INVALID_RECORD_BATCH, MISSING_CODEC_PACKAGE
   */
  decompress(bytes: Buffer, expandedBytesMax: number): Buffer;
}

/** For bytes that are not a stream of the codec. */
export function invalidStream(codec: string, reason: string, cause?: unknown): SluiceError {
  return invalid(codec, `its records are not a ${codec} stream: ${reason}`, cause);
}

/** For a stream that expands beyond its bound. */
export function expandsTooFar(codec: string, expandedBytesMax: number, cause?: unknown): SluiceError {
  return invalid(codec, `its records expand to more than ${expandedBytesMax} bytes`, cause);
}

/** What a package or zlib threw while decompressing, as the typed error. */
export function decompressionError(codec: string, expandedBytesMax: number, error: unknown): SluiceError {
  if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE")
    return expandsTooFar(codec, expandedBytesMax, error);
  return invalidStream(codec, error instanceof Error ? error.message : String(error), error);
}

function invalid(codec: string, reason: string, cause: unknown): SluiceError {
  return new SluiceError("INVALID_RECORD_BATCH", { reason, where: codec }, cause === undefined ? {} : { cause });
}
