/**
 * Sends exactly one e-mail for each confirmed order.
 *
 * The log gives every record at least once: after a crash or a rebalance some come again. What makes that one mail is the order
 * id, which is the same each time: known orders are skipped, and the mail server takes the id as idempotency key. An id made
 * here, or partition and offset, would not do: the shop may produce an order twice, too.
 */

import type { Consumer, MessageOf, Sluice } from "@sluice/client";
import type { MailServer } from "./mail-server.js";
import { confirmedOrders } from "./orders.js";
import type { SentOrders } from "./sent-orders.js";

export interface ConfirmationDependencies {
  readonly mailServer: MailServer;
  readonly sentOrders: SentOrders;
  /** Called when a mail is sent and nothing is written yet: a test crashes here. */
  readonly onSent?: () => void;
}

export class OrderConfirmations implements AsyncDisposable {
  readonly #consumer: Consumer<MessageOf<typeof confirmedOrders>>;
  readonly #dependencies: ConfirmationDependencies;

  constructor(sluice: Sluice, dependencies: ConfirmationDependencies) {
    this.#consumer = sluice.consumer({
      groupId: "order-confirmations",
      startFrom: "earliest",
      topics: [confirmedOrders],
    });
    this.#dependencies = dependencies;
  }

  /** Resolves when the group took it in. `finished` rejects when a mail could not be sent in the end. */
  start(): Promise<{ readonly finished: Promise<void> }> {
    return this.#consumer.run({
      eachMessage: ({ message }) => this.#confirm(message),
      onError: { retries: 5, backoff: { initialRetryTime: 20, maxRetryTime: 500 } },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.close();
  }

  async #confirm(message: MessageOf<typeof confirmedOrders>): Promise<void> {
    const { mailServer, sentOrders, onSent } = this.#dependencies;
    const orderId = message.key as string;
    if (sentOrders.has(orderId) || message.value === null) return;
    await mailServer.send(orderId, { to: message.value.email, text: `Order ${orderId} is confirmed.` });
    onSent?.();
    await sentOrders.add(orderId);
  }
}
