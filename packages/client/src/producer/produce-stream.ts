/**
 * The Produce stream to one broker: requests go out without waiting for answers, answers find their request by its
 * correlation id.
 *
 * Before the stream is used, the broker has answered a small call on the same connection. So a broker that cannot be reached
 * is known to have appended nothing, while a stream that breaks leaves every unanswered request indeterminate.
 */

import {
  addressText,
  type BrokerAddress,
  type MessageStream,
  SluiceError,
  type StreamListener,
  toSluiceError,
} from "@sluice/model";
import { clusterService, logService, type ProduceRequest, type ProduceResponse } from "@sluice/protocol";
import type { BrokerConnections } from "../broker-connections.js";
import type { Logger } from "../logger.js";

/** Told once, what came of a request. */
export interface ProduceListener {
  onAnswer(response: ProduceResponse): void;
  /** The stream broke: the request may have been carried out. */
  onBroken(error: SluiceError): void;
}

/** Undefined: the stream takes requests. Otherwise it does not, ever. */
type WritableCallback = (error: SluiceError | undefined) => void;

export class ProduceStream {
  readonly #address: BrokerAddress;
  readonly #brokerId: number;
  readonly #lane: number;
  readonly #connections: BrokerConnections;
  readonly #logger: Logger;
  readonly #onEnded: () => void;
  readonly #inFlight = new Map<number, ProduceListener>();
  #stream: MessageStream<ProduceRequest> | undefined;
  #waiting: WritableCallback[] = [];
  #isWritable = false;
  #isEnded = false;
  #nextCorrelationId = 1;

  /**
   * @param options.lane which of the connections to the broker.
   * @param options.onEnded called once: the stream is of no more use.
   */
  constructor(
    options: {
      readonly brokerId: number;
      readonly address: BrokerAddress;
      readonly lane: number;
      readonly onEnded: () => void;
    },
    dependencies: { readonly connections: BrokerConnections; readonly logger: Logger },
  ) {
    this.#brokerId = options.brokerId;
    this.#address = options.address;
    this.#lane = options.lane;
    this.#onEnded = options.onEnded;
    this.#connections = dependencies.connections;
    this.#logger = dependencies.logger;
  }

  /** `send` may be called. */
  get isWritable(): boolean {
    return this.#isWritable;
  }

  /** It is connected, and more was sent than the broker takes at present. */
  get isFull(): boolean {
    return this.#stream !== undefined && !this.#isWritable && !this.#isEnded;
  }

  /** Connects. Who waits for the stream is told. */
  async start(): Promise<void> {
    try {
      const nothing = { topics: [], brokersOnly: true, createMissing: false };
      await this.#connections.call(this.#address, clusterService.describe, nothing, { lane: this.#lane });
      if (this.#isEnded) return;
      this.#open();
    } catch (thrown) {
      this.#end(unreachable(toSluiceError(thrown), this.#brokerId, this.#address));
    }
  }

  /** Calls back when the stream takes requests again, or ended. */
  whenWritable(callback: WritableCallback): void {
    this.#waiting.push(callback);
  }

  /** @returns the correlation id, for `forget`. */
  send(request: Omit<ProduceRequest, "correlationId">, listener: ProduceListener): number {
    const correlationId = this.#nextCorrelationId++;
    this.#inFlight.set(correlationId, listener);
    if (this.#stream?.send({ ...request, correlationId }) === false) this.#isWritable = false;
    return correlationId;
  }

  /** Whoever sent it no longer waits for its answer. */
  forget(correlationId: number): void {
    this.#inFlight.delete(correlationId);
  }

  /** Breaks the stream. Requests without an answer are told. */
  abort(error: SluiceError): void {
    this.#stream?.abort(error);
    this.#end(error);
  }

  #open(): void {
    const listener: StreamListener<ProduceResponse> = {
      onMessage: (response) => this.#answer(response),
      onEnd: () => this.#end(new SluiceError("BROKER_STOPPING", { broker: this.#brokerId })),
      onError: (error) => this.#end(error),
      onDrain: () => this.#becomeWritable(),
    };
    this.#stream = this.#connections.open(this.#address, logService.produce, listener, { lane: this.#lane });
    if (!this.#isEnded) this.#becomeWritable();
  }

  #answer(response: ProduceResponse): void {
    const listener = this.#inFlight.get(response.correlationId);
    if (listener === undefined) return; // Forgotten.
    this.#inFlight.delete(response.correlationId);
    listener.onAnswer(response);
  }

  #becomeWritable(): void {
    if (this.#isEnded) return;
    this.#isWritable = true;
    this.#tellWaiting(undefined);
  }

  #end(error: SluiceError): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#isWritable = false;
    this.#onEnded();
    const broken = [...this.#inFlight.values()];
    this.#inFlight.clear();
    if (broken.length > 0)
      this.#logger.warn(
        { broker: this.#brokerId, code: error.code, unanswered: broken.length },
        "produce stream broke with requests unanswered",
      );
    for (const listener of broken) listener.onBroken(error);
    this.#tellWaiting(error);
  }

  #tellWaiting(error: SluiceError | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback(error);
  }
}

/** Says what may be wrong when the cluster answers and one of its brokers says nothing at all. */
function unreachable(error: SluiceError, brokerId: number, address: BrokerAddress): SluiceError {
  if (error.code !== "REQUEST_TIMED_OUT") return error;
  const addresses = addressText(address);
  const reason = `that is the address that broker ${brokerId} advertises (${error.message.replace(/\.$/, "")}); where it cannot be reached from here, set addressMap`;
  return new SluiceError("BROKER_UNREACHABLE", { addresses, reason }, { cause: error });
}
