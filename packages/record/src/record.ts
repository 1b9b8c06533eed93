/**
 * Record: what an application gives and gets: a timestamp, a key, a value and headers, all of them opaque bytes.
 *
 * A record has no bytes of its own on disk or on the wire: it lives inside a record batch (`record-batch-layout`).
 */

/** A record to be appended. The builder copies its bytes, so they may change afterwards. */
export interface RecordInput {
  /** Milliseconds since 1970: a safe integer >= 0. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** In order; keys may repeat. */
  readonly headers?: readonly RecordHeaderInput[];
}

export interface RecordHeaderInput {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/**
 * A record read from a batch. `key`, `value` and `headers` are getters, and each use of one makes a new view of the batch's
 * bytes: read them once, do not expect a spread (`{...record}`) to copy them, and know that keeping one keeps the whole batch.
 */
export interface RecordView {
  /** Offset of the record in its partition. */
  readonly offset: number;
  /** Milliseconds since 1970, or -1 where the producer gave none. The time of the append in a `logAppendTime` batch. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** In the producer's order; keys may repeat. */
  readonly headers: readonly RecordHeader[];
}

export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}
