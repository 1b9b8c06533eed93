/** The server's side of a stream for tests of handlers: keeps what was sent, and plays the client. */

import type {
  CallContext,
  MessageStream,
  ServedMethod,
  SluiceError,
  StreamHandler,
  StreamListener,
} from "@sluice/model";

export class RecordingStream<In, Out> implements MessageStream<Out> {
  /** What the handler sent, in order. */
  readonly sent: Out[] = [];
  isPaused = false;
  hasEnded = false;
  abortedWith: SluiceError | undefined;
  /** `send` answers false: the client does not read. */
  isBlocked = false;
  readonly #listener: StreamListener<In>;
  readonly #abort = new AbortController();
  readonly #waiters: { count: number; resolve(): void }[] = [];

  /** Opens a stream on a served method. */
  constructor(served: ServedMethod, { clientId = "" }: { readonly clientId?: string } = {}) {
    const handler = served.handler as unknown as StreamHandler<In, Out>;
    const context: CallContext = { signal: this.#abort.signal, authority: "", peer: "test", clientId };
    this.#listener = handler(this, context);
  }

  /** The client sends a message. */
  receive(message: In): void {
    this.#listener.onMessage(message);
  }

  /** The client says that it sends no more. */
  finish(): void {
    this.#listener.onEnd();
  }

  /** The client goes away. */
  disconnect(error: SluiceError): void {
    this.#abort.abort(error);
    this.#listener.onError(error);
  }

  /** The client reads again. */
  unblock(): void {
    this.isBlocked = false;
    this.#listener.onDrain?.();
  }

  /** Resolves when so many messages have been sent, or the stream is over. */
  sentCount(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ count, resolve });
      this.#wake();
    });
  }

  /** Resolves when the handler has ended or aborted the stream. */
  over(): Promise<void> {
    return this.sentCount(Number.POSITIVE_INFINITY);
  }

  send(message: Out): boolean {
    this.sent.push(message);
    this.#wake();
    return !this.isBlocked;
  }

  end(): void {
    this.hasEnded = true;
    this.#wake();
  }

  abort(error: SluiceError): void {
    this.abortedWith = error;
    this.#wake();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  #wake(): void {
    const isOver = this.hasEnded || this.abortedWith !== undefined;
    for (const waiter of [...this.#waiters]) {
      if (!isOver && this.sent.length < waiter.count) continue;
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      waiter.resolve();
    }
  }
}
