/** Keys, entries, transactions and events of the cluster store as etcd's messages, below a prefix of their own. */

import { assertNever } from "@sluice/model";
import type { ICompare, IEvent, IKeyValue, IRequestOp } from "etcd3";
import type { Compare, KeyValue, Operation, StoreEvent } from "../cluster-store.js";

/** From `key` (inclusive) to `range_end` (exclusive). */
export interface KeyRange {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

/** What etcd takes for "from the first key of all", and for "to the last". */
const anyKey = Buffer.from([0]);

export class EtcdCodec {
  readonly #prefix: string;

  /** `prefix`: what every key begins with in etcd, and no key of the port shows. May be empty. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  key(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  /** All keys that begin with `prefix`. */
  range(prefix: string): KeyRange {
    const key = this.key(prefix);
    return key.length === 0 ? { key: anyKey, range_end: anyKey } : { key, range_end: firstKeyAfter(key) };
  }

  entry(entry: IKeyValue): KeyValue {
    return {
      key: this.#keyOf(entry),
      value: entry.value.toString(),
      createRevision: Number(entry.create_revision),
      modRevision: Number(entry.mod_revision),
      leaseId: entry.lease === "0" ? undefined : entry.lease,
    };
  }

  event(event: IEvent): StoreEvent {
    if (event.type === "Put") return { type: "put", entry: this.entry(event.kv) };
    return { type: "delete", key: this.#keyOf(event.kv), modRevision: Number(event.kv.mod_revision) };
  }

  compare(compare: Compare): ICompare {
    const key = this.key(compare.key);
    return compare.target === "createRevision"
      ? { key, result: "Equal", target: "Create", create_revision: compare.equals }
      : { key, result: "Equal", target: "Mod", mod_revision: compare.equals };
  }

  operation(operation: Operation): IRequestOp {
    switch (operation.type) {
      case "put": {
        const put = { key: this.key(operation.key), value: Buffer.from(operation.value) };
        return { request_put: operation.leaseId === undefined ? put : { ...put, lease: operation.leaseId } };
      }
      case "delete":
        return { request_delete_range: { key: this.key(operation.key) } };
      case "deletePrefix":
        return { request_delete_range: this.range(operation.prefix) };
      default:
        return assertNever(operation);
    }
  }

  #keyOf(entry: IKeyValue): string {
    return entry.key.toString().slice(this.#prefix.length);
  }
}

/** The end of the range of all keys that begin with `prefix`: its last byte that can grow, grown, and nothing after it. */
function firstKeyAfter(prefix: Buffer): Buffer {
  for (let last = prefix.length - 1; last >= 0; last -= 1) {
    const byte = prefix[last] ?? 0;
    if (byte < 0xff) return Buffer.concat([prefix.subarray(0, last), Buffer.from([byte + 1])]);
  }
  return anyKey;
}
