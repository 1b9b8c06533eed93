/** Broker id: which broker of the cluster, chosen by the operator and kept for the life of its data directory. */

import type { Brand } from "./brand.js";
import { invariant } from "./invariant.js";

export type BrokerId = Brand<number, "BrokerId">;

/** @throws InvariantError unless `value` is an int32 >= 0. */
export function brokerId(value: number): BrokerId {
  invariant(Number.isInteger(value) && value >= 0 && value <= 0x7fffffff, `not a broker id: ${value}`);
  return value as BrokerId;
}
