/**
 * Whether this broker can compress with the codec that a topic asks for. A topic whose codec is missing would refuse every batch
 * that is to be compressed anew, so the setting is refused instead.
 *
 * Only the broker that is asked looks: another one that lacks the package refuses the batches of what it leads.
 */

import { type CompressionCodec, checkCodecAvailable, compressionCodecs, prepareCompression } from "@sluice/record";

/** @throws SluiceError MISSING_CODEC_PACKAGE */
export type CodecCheck = (codec: CompressionCodec) => void;

/** Resolves when it is known which codecs there are: one of them may still be loading when a broker begins to listen. */
export function codecsKnown(): Promise<void> {
  return prepareCompression();
}

/**
 * Checks the `compression.type` among settings that a client wants; what is no codec is for others to refuse.
 *
 * @param settings the last of a key counts
 * @throws SluiceError MISSING_CODEC_PACKAGE
 */
export function checkTopicCodec(
  settings: readonly { readonly key: string; readonly value: string }[],
  check: CodecCheck = checkCodecAvailable,
): void {
  const wanted = settings.findLast(({ key }) => key === "compression.type")?.value;
  const codec = compressionCodecs.find((name) => name === wanted);
  if (codec !== undefined) check(codec);
}
