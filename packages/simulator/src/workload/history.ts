/**
 * What clients did, and what came of it, as Jepsen's Kafka workload keeps it.
 *
 * A send is `acknowledged`, has `failed` (definitely not there), or is `unknown`: it may be there. A read is one record that a client
 * was given.
 */

import type { RequiredAcks } from "@sluice/replication";

export interface Send {
  /** Unique in the run: the value of the record begins with it. */
  readonly id: string;
  readonly producer: string;
  /** Position among what that producer sent. */
  readonly index: number;
  readonly topic: string;
  readonly partition: number;
  readonly acks: RequiredAcks;
  readonly isIdempotent: boolean;
  state: "unknown" | "acknowledged" | "failed";
  /** Of an acknowledged one. */
  offset: number | undefined;
}

export interface Read {
  readonly reader: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly sendId: string;
}

export interface HistoryListener {
  onSend?(send: Send): void;
  onAcknowledged?(send: Send): void;
  onFailed?(send: Send): void;
  onRead?(read: Read): void;
  /** A reader that had read up to there was told that there is no such offset. */
  onReaderRefused?(reader: string, topic: string, partition: number, offset: number, code: string): void;
}

export class History {
  readonly sends = new Map<string, Send>();
  readonly #listeners: HistoryListener[] = [];
  #readCount = 0;

  get readCount(): number {
    return this.#readCount;
  }

  listen(listener: HistoryListener): void {
    this.#listeners.push(listener);
  }

  sent(send: Send): void {
    this.sends.set(send.id, send);
    for (const listener of this.#listeners) listener.onSend?.(send);
  }

  acknowledged(send: Send, offset: number): void {
    send.state = "acknowledged";
    send.offset = offset;
    for (const listener of this.#listeners) listener.onAcknowledged?.(send);
  }

  failed(send: Send): void {
    send.state = "failed";
    for (const listener of this.#listeners) listener.onFailed?.(send);
  }

  read(read: Read): void {
    this.#readCount += 1;
    for (const listener of this.#listeners) listener.onRead?.(read);
  }

  readerRefused(reader: string, topic: string, partition: number, offset: number, code: string): void {
    for (const listener of this.#listeners) listener.onReaderRefused?.(reader, topic, partition, offset, code);
  }
}

/** The id in the value of a record. */
export function sendIdOf(value: Buffer | null): string {
  const text = value?.toString("latin1") ?? "";
  const end = text.indexOf(" ");
  return end === -1 ? text : text.slice(0, end);
}
