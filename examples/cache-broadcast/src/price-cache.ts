/**
 * A cache of all prices in the memory of one instance of a service, kept up to date by a topic.
 *
 * Every instance is a group of its own, so each of them gets every change. The group has a name that nobody had before, begins
 * at the earliest offset and commits nothing. It is deleted with the instance; that of an instance that died is forgotten by the
 * cluster, because nothing is committed in it.
 */

import { randomUUID } from "node:crypto";
import type { Admin, Consumer, MessageOf, Sluice } from "@sluice/client";
import { type Price, priceChanges } from "./price-changes.js";

export class PriceCache implements AsyncDisposable {
  readonly #prices = new Map<string, Price>();
  readonly #consumer: Consumer<MessageOf<typeof priceChanges>>;
  readonly #admin: Admin;
  readonly #groupId: string;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(sluice: Sluice, instance: string) {
    this.#groupId = `price-cache.${instance}.${randomUUID()}`;
    this.#admin = sluice.admin();
    this.#consumer = sluice.consumer({
      groupId: this.#groupId,
      startFrom: "earliest",
      autoCommit: false,
      topics: [priceChanges],
    });
  }

  /** Resolves when the instance is a member of its group; what was known before arrives from then on. */
  async start(): Promise<void> {
    await this.#consumer.run({
      eachMessage: ({ message }) => {
        this.#apply(message.key as string, message.value);
      },
    });
  }

  /** Undefined: no such product, or its price was withdrawn. */
  price(product: string): Price | undefined {
    return this.#prices.get(product);
  }

  /** Resolves when the product costs so much here. */
  async until(product: string, cents: number): Promise<void> {
    while (this.price(product)?.cents !== cents) {
      const waiting = this.#waiting.get(product) ?? new Set();
      this.#waiting.set(product, waiting);
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.close();
    await this.#admin.deleteGroups([this.#groupId]);
  }

  /** A price of null is a tombstone: the product is gone. */
  #apply(product: string, price: Price | null): void {
    if (price === null) this.#prices.delete(product);
    else this.#prices.set(product, price);
    for (const wake of this.#waiting.get(product) ?? []) wake();
    this.#waiting.delete(product);
  }
}
