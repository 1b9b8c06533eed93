/**
 * Which orders are paid: the payments topic, read from its beginning and followed, without a group.
 *
 * Every instance reads all of it, so it knows the past after a restart too; nothing is kept outside the log.
 */

import type { Admin, Consumer, Sluice } from "@sluice/client";
import { partitionCount, payments } from "./topics.js";

export class PaidOrders implements AsyncDisposable {
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  readonly #paid = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #following: Promise<void>;

  private constructor(sluice: Sluice, consumer: Consumer) {
    this.#consumer = consumer;
    this.#admin = sluice.admin();
    this.#following = this.#follow();
  }

  static async follow(sluice: Sluice): Promise<PaidOrders> {
    const consumer = sluice.consumer();
    const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
    await consumer.assign(
      partitions.map((partition) => ({ topic: payments.name, partition, offset: "earliest" as const })),
    );
    return new PaidOrders(sluice, consumer);
  }

  /** Whether the order is paid, as of everything that was produced before this call. */
  async has(orderId: string): Promise<boolean> {
    const ends = await this.#admin.fetchTopicOffsets(payments.name);
    const isRead = (): boolean =>
      ends.every(({ partition, high }) => high === 0 || this.#positionOf(partition) >= high);
    while (!isRead()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.#paid.has(orderId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.close();
    await this.#following;
  }

  #positionOf(wanted: number): number {
    return this.#consumer.position().find(({ partition }) => partition === wanted)?.offset ?? 0;
  }

  async #follow(): Promise<void> {
    for await (const { key } of this.#consumer) {
      this.#paid.add(String(key));
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    }
  }
}
