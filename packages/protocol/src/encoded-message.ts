/**
 * An encoded message whose payload is still where it was: a small head, and the payload that follows it.
 *
 * gRPC puts 5 bytes before each message, so grpc-js copies every message into a buffer of its own, and asks what it copies for
 * no more than its length and to copy itself. Handing it this instead of a Buffer leaves that as the only copy of the
 * payload. `encoded-message.test.ts` fails when the library comes to ask for more.
 *
 * The payload must not change until it is on the wire.
 */

import type { Codec } from "@sluice/model";

export class EncodedMessage {
  readonly #head: Buffer;
  readonly #payload: Buffer;
  /** Size in bytes, under both names that grpc-js uses. */
  readonly length: number;
  readonly byteLength: number;

  constructor(head: Buffer, payload: Buffer) {
    this.#head = head;
    this.#payload = payload;
    this.length = head.length + payload.length;
    this.byteLength = this.length;
  }

  /** Copies all of it into `target` from `position` on. Returns the number of bytes. */
  copy(target: Buffer, position: number): number {
    this.#head.copy(target, position);
    this.#payload.copy(target, position + this.#head.length);
    return this.length;
  }

  /** All of it as one Buffer. */
  toBuffer(): Buffer {
    const bytes = Buffer.allocUnsafe(this.length);
    this.copy(bytes, 0);
    return bytes;
  }
}

/** A codec that can also leave the payload where it is. */
export interface PayloadCodec<Message> extends Codec<Message> {
  encodeInPlace(message: Message): EncodedMessage;
}

/** What is handed to grpc-js for a message: bytes, or the parts that it will copy into one. */
export function encodeForSending<Message>(codec: Codec<Message>, message: Message): Buffer | EncodedMessage {
  return "encodeInPlace" in codec ? (codec as PayloadCodec<Message>).encodeInPlace(message) : codec.encode(message);
}
