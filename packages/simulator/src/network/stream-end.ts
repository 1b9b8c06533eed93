/**
 * One end of a stream or call: what this side sends, and what it is told.
 *
 * Messages are encoded when they are sent and decoded when they arrive, so that two processes never share an object. The listener
 * gets exactly one of `onEnd` and `onError`, last. `send` answers false while more than the bound is under way, and `onDrain`
 * follows.
 */

import { type Codec, type MessageStream, type SluiceError, type StreamListener, toSluiceError } from "@sluice/model";
import { fromWireError, toWireError } from "@sluice/protocol";
import type { SimulatedProcess } from "../kernel/simulated-process.js";

export type Frame =
  | { readonly type: "message"; readonly bytes: Buffer }
  | { readonly type: "end" }
  | { readonly type: "error"; readonly error: SluiceError };

/** Where the frames of an end go. */
export interface FrameSink {
  send(frame: Frame): void;
}

export interface StreamEndOptions<In, Out> {
  /** The caller's end of sending leaves its other direction open; that of the server ends the call. */
  readonly role: "client" | "server";
  readonly process: SimulatedProcess;
  readonly outgoing: Codec<Out>;
  readonly incoming: Codec<In>;
  /** `send` answers false while more bytes than this are under way. */
  readonly sendBufferBytesMax: number;
  /** Told of every message that is sent, before it is under way. */
  readonly onSent: (message: Out) => void;
  /** This end broke the stream off. */
  readonly onAborted: (error: SluiceError) => void;
  /** Nothing more happens here: called once. Undefined: it has ended in order. */
  readonly onSettled: (error: SluiceError | undefined) => void;
}

export class StreamEnd<In, Out> implements MessageStream<Out> {
  readonly #options: StreamEndOptions<In, Out>;
  #pipe: FrameSink;
  #listener: StreamListener<In> | undefined;
  /** Frames that came before there was a listener, or while it is paused. */
  #unread: Frame[] = [];
  #isListenerPaused = false;
  #bytesUnderWay = 0;
  #hasRefused = false;
  #hasEnded = false;
  /** The listener has had its last call. */
  #isListenerDone = false;
  #isSettled = false;

  constructor(options: StreamEndOptions<In, Out>, pipe: FrameSink) {
    this.#options = options;
    this.#pipe = pipe;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Frames go there from now on. */
  attach(pipe: FrameSink): void {
    this.#pipe = pipe;
  }

  listen(listener: StreamListener<In>): void {
    this.#listener = listener;
    this.#readOn();
  }

  send(message: Out): boolean {
    if (this.#hasEnded || this.#isSettled || this.#options.process.isDead) return false;
    // A copy: codecs may encode in place.
    const bytes = Buffer.from(this.#options.outgoing.encode(message));
    this.#options.onSent(message);
    this.#bytesUnderWay += bytes.length;
    this.#pipe.send({ type: "message", bytes });
    this.#hasRefused ||= this.#bytesUnderWay > this.#options.sendBufferBytesMax;
    return this.#bytesUnderWay <= this.#options.sendBufferBytesMax;
  }

  end(): void {
    if (this.#hasEnded || this.#isSettled) return;
    this.#hasEnded = true;
    this.#pipe.send({ type: "end" });
    if (this.#options.role === "server") queueMicrotask(() => this.settle(undefined));
  }

  abort(error: SluiceError): void {
    if (this.#isSettled) return;
    this.#hasEnded = true;
    this.#options.onAborted(error);
    this.#pipe.send({ type: "error", error: fromWireError(toWireError(error)) });
    // Not from within the caller's own call: it may be in the middle of something.
    queueMicrotask(() => this.settle(error));
  }

  pause(): void {
    this.#isListenerPaused = true;
  }

  resume(): void {
    this.#isListenerPaused = false;
    queueMicrotask(() => this.#readOn());
  }

  /** The other end took so many of the bytes that were sent here. */
  taken(bytes: number): void {
    this.#bytesUnderWay -= bytes;
    if (!this.#hasRefused || this.#hasEnded || this.#bytesUnderWay > this.#options.sendBufferBytesMax / 2) return;
    this.#hasRefused = false;
    this.#options.process.enter(() => this.#isSettled || this.#listener?.onDrain?.());
  }

  /** A frame of the other end has arrived. `onTaken`: how the other end learns that there is room again. */
  arrived(frame: Frame, onTaken: (bytes: number) => void): void {
    this.#options.process.enter(() => {
      if (this.#isSettled) return;
      this.#unread.push(frame);
      if (frame.type === "message") onTaken(frame.bytes.length);
      this.#readOn();
    });
  }

  /** Nothing more happens here. Undefined: the stream has ended in order. */
  settle(error: SluiceError | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#unread = [];
    this.#options.onSettled(error);
    this.#tellLast(error);
  }

  #tellLast(error: SluiceError | undefined): void {
    if (this.#isListenerDone) return;
    this.#isListenerDone = true;
    if (error === undefined) this.#listener?.onEnd();
    else this.#listener?.onError(error);
  }

  #readOn(): void {
    while (this.#listener !== undefined && !this.#isListenerPaused && !this.#isSettled) {
      const frame = this.#unread.shift();
      if (frame === undefined) return;
      this.#read(this.#listener, frame);
    }
  }

  #read(listener: StreamListener<In>, frame: Frame): void {
    if (frame.type === "error") this.settle(frame.error);
    else if (frame.type === "message") this.#readMessage(listener, frame.bytes);
    else if (this.#options.role === "server") this.#tellLast(undefined);
    else this.settle(undefined);
  }

  #readMessage(listener: StreamListener<In>, bytes: Buffer): void {
    try {
      listener.onMessage(this.#options.incoming.decode(bytes));
    } catch (error) {
      this.abort(toSluiceError(error));
    }
  }
}
