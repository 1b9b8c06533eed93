/**
 * Offset: the position of a record in its partition, from 0.
 *
 * A number, not a bigint: 2^53 - 1 offsets last 285 years at a million records a second, and a number is faster and
 * goes through `JSON.stringify`. Anything larger is refused where it enters.
 */

import type { Brand } from "./brand.js";
import { invariant } from "./invariant.js";

export type Offset = Brand<number, "Offset">;

/** @throws InvariantError unless `value` is a safe integer >= 0. */
export function offset(value: number): Offset {
  invariant(isOffset(value), `not an offset: ${value}`);
  return value;
}

/** True where `offset(value)` would not throw. */
export function isOffset(value: number): value is Offset {
  return Number.isSafeInteger(value) && value >= 0;
}
