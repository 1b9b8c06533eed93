/** Which messages `sluice consume` prints: those whose key and value match what was asked for. */

import type { Message } from "@sluice/client";

/** Patterns that have to be found somewhere in the text; undefined: everything will do. */
export interface MessagePatterns {
  readonly grep?: RegExp | undefined;
  readonly keyGrep?: RegExp | undefined;
}

/** True for a message to print. Bytes are read as UTF-8; a null value or key matches no pattern. */
export function isWanted({ grep, keyGrep }: MessagePatterns, message: Pick<Message, "key" | "value">): boolean {
  return isFound(grep, message.value) && isFound(keyGrep, message.key);
}

function isFound(pattern: RegExp | undefined, bytes: Buffer | null): boolean {
  return pattern === undefined || (bytes !== null && pattern.test(bytes.toString("utf8")));
}
