/**
 * A producer as a stream of Node: what is written is sent to one topic.
 *
 * Back-pressure is the producer's room. The stream ends when everything that was written is acknowledged, and is destroyed by
 * the first message that fails; those that were written after it may be sent all the same.
 */

import { Writable } from "node:stream";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { RecordMetadata } from "./pending-send.js";

/** What a writable needs of its producer. */
export interface WritableTarget {
  /** Sends messages. @throws what `Producer.send` throws */
  send(messages: readonly OutgoingMessage[]): Promise<RecordMetadata[]>;
  /** Calls back when there is room for more. */
  whenRoom(callback: () => void): void;
}

type Done = (error?: Error | null) => void;

/** @param options.highWaterMark messages that the stream itself holds before `write` returns false. */
export function producerWritable(options: { readonly highWaterMark: number }, target: WritableTarget): Writable {
  let underway = 0;
  let final: Done | undefined;
  const send = (chunks: readonly unknown[], done: Done): void => {
    underway++;
    target.send(chunks.map(messageOf)).then(
      () => {
        underway--;
        if (underway === 0) final?.();
      },
      (error: Error) => stream.destroy(error),
    );
    target.whenRoom(done);
  };
  const stream = new Writable({
    objectMode: true,
    highWaterMark: options.highWaterMark,
    write: (chunk: unknown, _encoding, done) => send([chunk], done),
    writev: (chunks, done) =>
      send(
        chunks.map(({ chunk }) => chunk as unknown),
        done,
      ),
    final: (done) => {
      final = done;
      if (underway === 0) done();
    },
  });
  return stream;
}

/** Text and bytes are the value of a message without a key. */
function messageOf(chunk: unknown): OutgoingMessage {
  return typeof chunk === "string" || chunk instanceof Uint8Array ? { value: chunk } : (chunk as OutgoingMessage);
}
