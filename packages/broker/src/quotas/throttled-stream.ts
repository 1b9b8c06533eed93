/**
 * A stream of a client that has a quota, between the transport and its handler.
 *
 * What has arrived is handed on at once; while the client is over its rate nothing more is read, and HTTP/2 stops it. Answers
 * over the rate wait here in their order, and the handler is told that the stream takes no more; a handler keeps what it has
 * under way within its own bound, so that much can wait here and no more. Only this stream waits.
 */

import type { MessageStream, SluiceError, StreamListener, Timer } from "@sluice/model";
import type { ClientQuota, QuotaKind } from "./client-quotas.js";

/** Record bytes of a message. */
export type ByteCount<Message> = (message: Message) => number;

export interface ThrottledStreamOptions<In, Out> {
  /** Bytes of what the client sends that count as produced. */
  readonly producedBytes: ByteCount<In>;
  /** Bytes of what is sent to the client that count as fetched. */
  readonly fetchedBytes: ByteCount<Out>;
}

const inboundKinds: readonly QuotaKind[] = ["produce", "request"];
const outboundKinds: readonly QuotaKind[] = ["fetch"];

export class ThrottledStream<In, Out> implements MessageStream<Out>, StreamListener<In> {
  readonly #options: ThrottledStreamOptions<In, Out>;
  readonly #stream: MessageStream<Out>;
  readonly #quota: ClientQuota;
  #listener: StreamListener<In> | undefined;
  #isPausedByHandler = false;
  #readTimer: Timer | undefined;
  #sendTimer: Timer | undefined;
  /** Answers that wait for their time. */
  #waiting: Out[] = [];
  /** The transport has no room. */
  #isSendBlocked = false;
  /** The handler was told to stop, and not yet to go on. */
  #isHandlerBlocked = false;
  #isEnding = false;
  #isOver = false;

  constructor(
    options: ThrottledStreamOptions<In, Out>,
    dependencies: { readonly stream: MessageStream<Out>; readonly quota: ClientQuota },
  ) {
    this.#options = options;
    this.#stream = dependencies.stream;
    this.#quota = dependencies.quota;
  }

  /** To be called before anything arrives. */
  setListener(listener: StreamListener<In>): void {
    this.#listener = listener;
  }

  onMessage(message: In): void {
    this.#quota.take("request", 1);
    this.#quota.take("produce", this.#options.producedBytes(message));
    this.#listener?.onMessage(message);
    this.#maybeStopReading();
  }

  onEnd(): void {
    this.#listener?.onEnd();
  }

  onError(error: SluiceError): void {
    this.dispose();
    this.#listener?.onError(error);
  }

  onDrain(): void {
    this.#isSendBlocked = false;
    this.#sendWaiting();
  }

  send(message: Out): boolean {
    if (this.#isOver || this.#isEnding) return false;
    this.#waiting.push(message);
    this.#sendWaiting();
    this.#isHandlerBlocked = this.#isSendBlocked || this.#waiting.length > 0;
    return !this.#isHandlerBlocked;
  }

  end(): void {
    this.#isEnding = true;
    this.#maybeEnd();
  }

  abort(error: SluiceError): void {
    this.dispose();
    this.#stream.abort(error);
  }

  pause(): void {
    this.#isPausedByHandler = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#isPausedByHandler = false;
    if (this.#readTimer === undefined) this.#stream.resume();
  }

  /** Nothing more happens on the stream: forgets what waits. */
  dispose(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#readTimer?.cancel();
    this.#sendTimer?.cancel();
  }

  #maybeStopReading(): void {
    if (this.#readTimer !== undefined || this.#isOver) return;
    const waitMs = this.#wait(inboundKinds);
    if (waitMs === 0) return;
    this.#stream.pause();
    this.#readTimer = this.#quota.setTimer(inboundKinds, waitMs, () => {
      this.#readTimer = undefined;
      // Another stream of the client may have used up what came free.
      this.#maybeStopReading();
      if (this.#readTimer === undefined && !this.#isPausedByHandler) this.#stream.resume();
    });
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0 && this.#sendTimer === undefined && !this.#isSendBlocked) {
      // Only what has bytes waits for them: a refusal, and the end of a wait for records, go out.
      const bytes = this.#options.fetchedBytes(this.#waiting[0] as Out);
      const waitMs = bytes === 0 ? 0 : this.#wait(outboundKinds);
      if (waitMs > 0) {
        this.#sendTimer = this.#quota.setTimer(outboundKinds, waitMs, () => {
          this.#sendTimer = undefined;
          this.#sendWaiting();
        });
        return;
      }
      this.#quota.take("fetch", bytes);
      this.#isSendBlocked = !this.#stream.send(this.#waiting.shift() as Out);
    }
    if (this.#waiting.length > 0) return;
    this.#maybeEnd();
    if (!this.#isHandlerBlocked || this.#isSendBlocked || this.#isOver) return;
    this.#isHandlerBlocked = false;
    this.#listener?.onDrain?.();
  }

  #wait(kinds: readonly QuotaKind[]): number {
    // Timers are due at whole milliseconds: one that is a little early would be set again and again.
    return Math.ceil(this.#quota.waitMs(kinds));
  }

  #maybeEnd(): void {
    if (!this.#isEnding || this.#isOver || this.#waiting.length > 0) return;
    this.#isOver = true;
    this.#readTimer?.cancel();
    this.#stream.end();
  }
}
