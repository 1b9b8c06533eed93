/**
 * Leader epoch: the number of a leadership term of one partition. It grows by 1 with every change of leader, to none and to
 * itself included.
 */

import type { Brand } from "./brand.js";
import { invariant } from "./invariant.js";

export type LeaderEpoch = Brand<number, "LeaderEpoch">;

/** @throws InvariantError unless `value` is an int32 >= 0. */
export function leaderEpoch(value: number): LeaderEpoch {
  invariant(Number.isInteger(value) && value >= 0 && value <= 0x7fffffff, `not a leader epoch: ${value}`);
  return value as LeaderEpoch;
}
