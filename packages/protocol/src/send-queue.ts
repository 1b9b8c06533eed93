/**
 * Counts what waits to be sent on a stream, in bytes.
 *
 * grpc-js counts messages, sixteen, which is too much of large ones and too little of small ones. Each counts with what it costs to
 * wait, whatever its size, so that small ones cannot hold far more memory than the bound says. Nothing is refused here: past the bound
 * `send` answers false, and `onDrain` follows when half of the bound is free again.
 */

import type { EncodedMessage } from "./encoded-message.js";

/** The part of a grpc-js stream that is written to. */
export interface MessageSink {
  write(message: Buffer | EncodedMessage, onSent: () => void): boolean;
}

/** What a message that waits takes up beside its bytes: its buffer, its place in the queues of the stream, its callback. */
const messageOverheadBytes = 512;

export class SendQueue {
  readonly #sink: MessageSink;
  readonly #bytesMax: number;
  readonly #onDrain: () => void;
  #queuedBytes = 0;
  #isOver = false;

  constructor(options: { readonly bytesMax: number; readonly onDrain: () => void }, sink: MessageSink) {
    this.#bytesMax = options.bytesMax;
    this.#onDrain = options.onDrain;
    this.#sink = sink;
  }

  /** False: over the bound, and `onDrain` will follow. */
  send(message: Buffer | EncodedMessage): boolean {
    const sizeBytes = message.length + messageOverheadBytes;
    this.#queuedBytes += sizeBytes;
    this.#sink.write(message, () => this.#onSent(sizeBytes));
    if (this.#queuedBytes > this.#bytesMax) this.#isOver = true;
    return !this.#isOver;
  }

  #onSent(sizeBytes: number): void {
    this.#queuedBytes -= sizeBytes;
    if (!this.#isOver || this.#queuedBytes > this.#bytesMax / 2) return;
    this.#isOver = false;
    this.#onDrain();
  }
}
