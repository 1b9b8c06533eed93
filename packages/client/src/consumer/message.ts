/** A message as an application gets it. */

import type { RecordView } from "@sluice/record";

/** Headers by name; an array where the header repeats, in the producer's order. It has no prototype. */
export type ReceivedHeaders = Readonly<Record<string, Buffer | null | (Buffer | null)[]>>;

/** Where a message came from, and how it is committed. */
export interface MessageSource {
  readonly topic: string;
  readonly partition: number;
  commitThrough(offset: number): Promise<void>;
}

export class Message {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970; -1 where there is none. */
  readonly timestamp: number;
  /** Leadership term of the partition in which the message was written. */
  readonly leaderEpoch: number;
  /** A view of the bytes that were fetched: whoever keeps it keeps the whole batch in memory. */
  readonly key: Buffer | null;
  /** A view, as `key`. */
  readonly value: Buffer | null;
  readonly #record: RecordView;
  readonly #source: MessageSource;

  /** Made by a consumer. */
  constructor(source: MessageSource, leaderEpoch: number, record: RecordView) {
    this.topic = source.topic;
    this.partition = source.partition;
    this.offset = record.offset;
    this.timestamp = record.timestampMs;
    this.leaderEpoch = leaderEpoch;
    this.key = record.key;
    this.value = record.value;
    this.#record = record;
    this.#source = source;
  }

  /** Decoded at each call. */
  get headers(): ReceivedHeaders {
    return headersOf(this.#record);
  }

  /**
   * Commits this message and everything before it in its partition for the group.
   * @throws SluiceError INVALID_REQUEST without a group; PARTITION_NOT_OWNED where another member has the partition now
   */
  commit(): Promise<void> {
    return this.#source.commitThrough(this.offset);
  }

  toJSON(): object {
    const { topic, partition, offset, timestamp, leaderEpoch, key, value, headers } = this;
    return { topic, partition, offset, timestamp, leaderEpoch, key, value, headers };
  }
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
