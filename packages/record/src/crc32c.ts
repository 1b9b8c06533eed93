/**
 * CRC-32C (Castagnoli), the checksum of record batches: RFC 3720 appendix B.4 has its test vectors.
 *
 * `@node-rs/crc32` computes it with the processor's own instruction. It is loaded without waiting: until it is there, and
 * for good where no build of it fits the machine, the same value comes from pure code, which is several times slower.
 */

import { crc32c as pureCrc32c } from "@sluice/model";

let nativeCrc32c: ((bytes: Uint8Array) => number) | undefined;

/** True once the native code is in use, false where it cannot be loaded. Never rejects. */
export const nativeCrc32cLoaded: Promise<boolean> = loadNative();

// Below this size the call into native code costs more than it saves.
const nativeSizeBytesMin = 128;

/** CRC-32C of the bytes, as a uint32. */
export function crc32c(bytes: Uint8Array): number {
  if (nativeCrc32c === undefined || bytes.length < nativeSizeBytesMin) return pureCrc32c(bytes);
  return nativeCrc32c(bytes);
}

async function loadNative(): Promise<boolean> {
  try {
    const { crc32c: native } = await import("@node-rs/crc32");
    nativeCrc32c = (bytes) => native(bytes);
    return true;
  } catch {
    // No build for this platform, or it was not installed (npm ci --omit=optional): the pure code is complete.
    return false;
  }
}
