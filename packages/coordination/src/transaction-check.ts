/** What every cluster store demands of a transaction before it looks at a key: the limits and rules of etcd. */

import { SluiceError } from "@sluice/model";
import type { Compare, Operation } from "./cluster-store.js";

/** Operations and compares of one transaction together, as in etcd. */
export const transactionSizeMax = 128;

/** @throws SluiceError INVALID_REQUEST over the size limit, for an empty key, and for a key that is changed twice */
export function checkTransaction(compares: readonly Compare[], operations: readonly Operation[]): void {
  const size = compares.length + operations.length;
  if (size > transactionSizeMax) {
    throw invalid(`a transaction has ${size} operations and compares, and takes at most ${transactionSizeMax}`);
  }
  const puts = new Set<string>();
  for (const operation of operations) {
    if (operation.type === "deletePrefix") continue;
    if (operation.key === "") throw invalid("a key is empty");
    if (operation.type !== "put") continue;
    if (puts.has(operation.key)) throw invalid(`key '${operation.key}' is put twice in one transaction`);
    puts.add(operation.key);
  }
  for (const key of puts) {
    if (operations.some((operation) => deletes(operation, key))) {
      throw invalid(`key '${key}' is put and deleted in one transaction`);
    }
  }
}

function deletes(operation: Operation, key: string): boolean {
  if (operation.type === "delete") return operation.key === key;
  return operation.type === "deletePrefix" && key.startsWith(operation.prefix);
}

function invalid(reason: string): SluiceError<"INVALID_REQUEST"> {
  return new SluiceError("INVALID_REQUEST", { reason });
}
