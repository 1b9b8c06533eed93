/**
 * Sends groups of messages with a bounded number of sends under way, and counts what is acknowledged.
 *
 * After a send has failed nothing more is sent: the error comes out of the next call, and names the place in the input of the first message
 * that was not taken.
 */

import type { OutgoingMessage, Producer } from "@sluice/client";
import { AdvisedError } from "../advice.js";
import type { InputGroup } from "./input-format.js";

const sendsInFlightMax = 16;

export class RecordSender {
  readonly #topic: string;
  readonly #producer: Pick<Producer, "send">;
  readonly #inFlight = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #records = 0;
  #bytes = 0;

  constructor(topic: string, producer: Pick<Producer, "send">) {
    this.#topic = topic;
    this.#producer = producer;
  }

  /** Whether something is sent and not answered. */
  get isWaiting(): boolean {
    return this.#inFlight.size > 0;
  }

  /** What the cluster has acknowledged. Bytes are those of keys and values. */
  get acknowledged(): { readonly records: number; readonly bytes: number } {
    return { records: this.#records, bytes: this.#bytes };
  }

  /** Begins to send, and resolves when there is room for more. @throws what an earlier send failed with */
  async send(group: InputGroup): Promise<void> {
    this.#throwFailure();
    if (group.messages.length === 0) return;
    const sent = this.#send(group).finally(() => this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
    while (this.#inFlight.size >= sendsInFlightMax) await Promise.race(this.#inFlight);
    this.#throwFailure();
  }

  /** Resolves when every send is answered. @throws what the first failed one failed with */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
    this.#throwFailure();
  }

  /** Never rejects: the failure is kept for the next call. */
  async #send({ messages, placeOf }: InputGroup): Promise<void> {
    try {
      await this.#producer.send({ topic: this.#topic, messages });
      for (const message of messages) this.#count(message);
    } catch (error) {
      const { results = [] } = error as { results?: readonly PromiseSettledResult<unknown>[] };
      const first = results.findIndex(({ status }) => status === "rejected");
      const place = first >= 0 ? placeOf(first) : undefined;
      const isNamed = place !== undefined && error instanceof Error;
      this.#failure ??= {
        error: isNamed ? new AdvisedError(error, `${place} of the input is the first that was not taken.`) : error,
      };
      messages.forEach((message, index) => {
        if (results[index]?.status === "fulfilled") this.#count(message);
      });
    }
  }

  #count({ key, value }: OutgoingMessage): void {
    this.#records++;
    this.#bytes += sizeOf(key) + sizeOf(value);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function sizeOf(bytes: string | Uint8Array | null | undefined): number {
  return bytes === null || bytes === undefined ? 0 : Buffer.byteLength(bytes);
}
