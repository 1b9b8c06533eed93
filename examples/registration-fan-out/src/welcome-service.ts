/**
 * A service that welcomes every new user in its own way: by e-mail, by SMS.
 *
 * Each kind of service is one group, so each kind gets every registration, and the instances of one kind share them. What
 * cannot be sent is tried again, with longer and longer pauses, and then put aside, so that one bad address does not hold up
 * the others.
 */

import type { Consumer, Message, MessageOf, Sluice } from "@sluice/client";
import { registrations, undeliverable } from "./registrations.js";

/** Sends one welcome, or throws. */
export type Welcome = (registration: MessageOf<typeof registrations>) => Promise<void>;

export class WelcomeService implements AsyncDisposable {
  readonly #consumer: Consumer<MessageOf<typeof registrations>>;
  readonly #welcome: Welcome;

  /** @param kind name of the group: `email`, `sms` */
  constructor(sluice: Sluice, kind: string, welcome: Welcome) {
    this.#consumer = sluice.consumer({ groupId: `welcome.${kind}`, startFrom: "earliest", topics: [registrations] });
    this.#welcome = welcome;
  }

  async start(): Promise<void> {
    await this.#consumer.run({
      keyConcurrency: 8, // Sending is waiting: eight users at a time, each user's registrations in order.
      eachMessage: ({ message }) => this.#welcome(message),
      onError: { retries: 3, backoff: { initialRetryTime: 20, maxRetryTime: 200 }, deadLetterTopic: undeliverable },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.close();
  }
}

/** The first `count` registrations that were put aside, with the reason. */
export async function putAside(sluice: Sluice, count: number): Promise<Message[]> {
  const found: Message[] = [];
  const read = sluice.consumer().read({ topic: undeliverable, from: "earliest", limit: count, follow: true });
  for await (const message of read) found.push(message);
  return found;
}
