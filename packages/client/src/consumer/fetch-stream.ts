/**
 * The Fetch stream to one broker: each request is a credit for one answer.
 *
 * A broker that owes an answer for longer than it was allowed to wait, and the request timeout on top, counts as gone: the
 * stream is broken, so that nothing waits for a connection that is half open.
 */

import { type BrokerAddress, type Clock, type MessageStream, SluiceError, type Timer } from "@sluice/model";
import { type FetchRequest, type FetchResponse, logService } from "@sluice/protocol";
import type { BrokerConnections } from "../broker-connections.js";

/** Told once, what came of a request. */
export interface FetchListener {
  onAnswer(response: FetchResponse): void;
  onBroken(error: SluiceError): void;
}

interface Owed {
  readonly listener: FetchListener;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
}

export class FetchStream {
  readonly #options: {
    readonly brokerId: number;
    readonly answerTimeoutMs: number;
    readonly onEnded: () => void;
  };
  readonly #clock: Clock;
  readonly #stream: MessageStream<FetchRequest>;
  readonly #owed = new Map<number, Owed>();
  #timer: Timer | undefined;
  #nextCorrelationId = 1;
  #endedBy: SluiceError | undefined;

  /**
   * Opens the stream.
   * @param options.answerTimeoutMs how long the answer to a request may take.
   * @param options.onEnded called once: the stream is of no more use.
   */
  constructor(
    address: BrokerAddress,
    options: { readonly brokerId: number; readonly answerTimeoutMs: number; readonly onEnded: () => void },
    dependencies: { readonly connections: BrokerConnections; readonly clock: Clock },
  ) {
    this.#options = options;
    this.#clock = dependencies.clock;
    this.#stream = dependencies.connections.open(address, logService.fetch, {
      onMessage: (response) => this.#answer(response),
      onEnd: () => this.#end(new SluiceError("BROKER_STOPPING", { broker: options.brokerId })),
      onError: (error) => this.#end(error),
    });
  }

  request(request: Omit<FetchRequest, "correlationId">, listener: FetchListener): void {
    if (this.#endedBy !== undefined) {
      listener.onBroken(this.#endedBy);
      return;
    }
    const correlationId = this.#nextCorrelationId++;
    const deadlineMs = this.#clock.monotonicMs() + this.#options.answerTimeoutMs;
    this.#owed.set(correlationId, { listener, deadlineMs });
    this.#timer ??= this.#clock.setTimer(this.#options.answerTimeoutMs, () => this.#checkOwed());
    this.#stream.send({ ...request, correlationId });
  }

  /** Breaks the stream. */
  abort(error: SluiceError): void {
    if (this.#endedBy !== undefined) return;
    this.#stream.abort(error);
    this.#end(error);
  }

  #answer(response: FetchResponse): void {
    const owed = this.#owed.get(response.correlationId);
    if (owed === undefined) return;
    this.#owed.delete(response.correlationId);
    owed.listener.onAnswer(response);
  }

  /** Requests are owed in the order of their deadlines, so the first tells how long there is still time. */
  #checkOwed(): void {
    this.#timer = undefined;
    const [first] = this.#owed.values();
    if (first === undefined) return;
    const leftMs = first.deadlineMs - this.#clock.monotonicMs();
    if (leftMs > 0) this.#timer = this.#clock.setTimer(leftMs, () => this.#checkOwed());
    else {
      const timeoutMs = this.#options.answerTimeoutMs;
      this.abort(
        new SluiceError("REQUEST_TIMED_OUT", {
          operation: `Fetching from broker ${this.#options.brokerId}`,
          timeoutMs,
        }),
      );
    }
  }

  #end(error: SluiceError): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = error;
    this.#timer?.cancel();
    this.#options.onEnded();
    const owed = [...this.#owed.values()];
    this.#owed.clear();
    for (const { listener } of owed) listener.onBroken(error);
  }
}
