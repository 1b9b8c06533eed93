/** A message as an application gets it. */

import type { RecordView } from "@sluice/record";

/** Headers by name; an array where the header repeats, in the producer's order. It has no prototype. */
export type ReceivedHeaders = Readonly<Record<string, Buffer | null | (Buffer | null)[]>>;

/** Where a message came from, and how it is committed. */
export interface MessageSource {
  readonly topic: string;
  readonly partition: number;
  commitThrough(offset: number, leaderEpoch: number): Promise<void>;
}

/** Key and value of a typed topic. */
export interface DecodedParts {
  readonly key: unknown;
  readonly value: unknown;
}

/**
 * What few messages have is kept beside them: a field would cost every message.
 * Which time a message is given out, where it is not the first.
 */
const attempts = new WeakMap<object, number>();

/** `Key` and `Value`: bytes, or what a typed topic decodes them to. */
export class Message<Key = Buffer | null, Value = Buffer | null, Name extends string = string> {
  /** Name of the topic. */
  readonly topic: Name;
  /** Partition, from 0. */
  readonly partition: number;
  /** Its place in the partition, from 0. */
  readonly offset: number;
  /** Milliseconds since 1970; -1 where there is none. */
  readonly timestamp: number;
  /** Leadership term of the partition in which the message was written. */
  readonly leaderEpoch: number;
  /** Decoded; of an untyped topic a view of the bytes that were fetched: whoever keeps it keeps the whole batch in memory. */
  readonly key: Key;
  /** As `key`. */
  readonly value: Value;
  readonly #record: RecordView;
  readonly #source: MessageSource;

  /** Made by a consumer. `decoded`: undefined for an untyped topic. */
  constructor(source: MessageSource, leaderEpoch: number, record: RecordView, decoded?: DecodedParts) {
    this.topic = source.topic as Name;
    this.partition = source.partition;
    this.offset = record.offset;
    this.timestamp = record.timestampMs;
    this.leaderEpoch = leaderEpoch;
    if (decoded === undefined) {
      this.key = record.key as Key;
      this.value = record.value as Value;
    } else {
      this.key = decoded.key as Key;
      this.value = decoded.value as Value;
    }
    this.#record = record;
    this.#source = source;
  }

  /** Decoded at each call. */
  get headers(): ReceivedHeaders {
    return headersOf(this.#record);
  }

  /** Key and value as they were fetched: views, made at each call. */
  get raw(): { readonly key: Buffer | null; readonly value: Buffer | null } {
    return { key: this.#record.key, value: this.#record.value };
  }

  /** Which time the handler of `run` has it: 1, and more after it threw. A new owner of the partition begins at 1 again. */
  get attempt(): number {
    return attempts.get(this) ?? 1;
  }

  /**
   * Commits this message and everything before it in its partition for the group.
   * @throws SluiceError INVALID_REQUEST without a group; PARTITION_NOT_OWNED where another member has the partition now
   */
  commit(): Promise<void> {
    return this.#source.commitThrough(this.offset, this.leaderEpoch);
  }

  /** The message for `JSON.stringify`, with its headers. */
  /** What it has, for `JSON.stringify`: bytes as Node writes Buffers. */
  toJSON(): object {
    const { topic, partition, offset, timestamp, leaderEpoch, key, value, headers } = this;
    return { topic, partition, offset, timestamp, leaderEpoch, key, value, headers };
  }
}

/** A message of any topic, decoded or not. */
export type AnyMessage = Message<unknown, unknown>;

/** Says which time a message is given out. */
export function setAttempt(message: AnyMessage, attempt: number): void {
  attempts.set(message, attempt);
}

function headersOf(record: RecordView): ReceivedHeaders {
  const headers = Object.create(null) as Record<string, Buffer | null | (Buffer | null)[]>;
  for (const { key, value } of record.headers) {
    const known = headers[key];
    if (known === undefined) headers[key] = value;
    else if (Array.isArray(known)) known.push(value);
    else headers[key] = [known, value];
  }
  return headers;
}
