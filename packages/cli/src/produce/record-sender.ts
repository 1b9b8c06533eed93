/**
 * Sends groups of messages with a bounded number of sends under way, and counts what is acknowledged.
 *
 * After a send has failed nothing more is sent: the error comes out of the next call.
 */

import type { OutgoingMessage, Producer } from "@sluice/client";

const sendsInFlightMax = 16;

export class RecordSender {
  readonly #topic: string;
  readonly #producer: Producer;
  readonly #inFlight = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #records = 0;
  #bytes = 0;

  constructor(topic: string, producer: Producer) {
    this.#topic = topic;
    this.#producer = producer;
  }

  /** What the cluster has acknowledged. Bytes are those of keys and values. */
  get acknowledged(): { readonly records: number; readonly bytes: number } {
    return { records: this.#records, bytes: this.#bytes };
  }

  /** Begins to send, and resolves when there is room for more. @throws what an earlier send failed with */
  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    this.#throwFailure();
    if (messages.length === 0) return;
    const sent = this.#send(messages).finally(() => this.#inFlight.delete(sent));
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
  async #send(messages: readonly OutgoingMessage[]): Promise<void> {
    try {
      await this.#producer.send({ topic: this.#topic, messages });
      for (const message of messages) this.#count(message);
    } catch (error) {
      this.#failure ??= { error };
      const { results = [] } = error as { results?: readonly PromiseSettledResult<unknown>[] };
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
