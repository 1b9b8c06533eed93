/** A client that does its work while others misbehave: produces a record and reads it back, again and again, and notes how long it takes. */

import { type Message, Sluice } from "@sluice/client";
import { expect, onTestFinished } from "vitest";

export interface Bystander {
  /** Rounds done so far, each a produce and a read. @throws what a round failed with */
  rounds(): number;
  /** Ends the work and closes the client. Every round must have succeeded, at the first attempt. */
  finish(): Promise<void>;
}

const topic = "bystander";

/** Starts the work in a topic of its own. */
export async function startBystander(broker: { readonly address: string }): Promise<Bystander> {
  const client = new Sluice({
    brokers: broker.address,
    clientId: "bystander",
    retry: { retries: 0 },
    requestTimeoutMs: 20_000,
  });
  onTestFinished(() => client.close({ timeoutMs: 0 }));
  await client.admin().createTopics({ topics: [{ topic, numPartitions: 1 }] });
  const producer = client.producer({ acks: "all" });
  let rounds = 0;
  let isOver = false;
  const round = async (): Promise<void> => {
    const value = `round ${rounds}`;
    const [sent] = await producer.send({ topic, messages: [{ value }] });
    const consumer = client.consumer();
    const read: Message[] = [];
    for await (const message of consumer.read({ topic, partition: 0, from: sent?.offset ?? -1 })) read.push(message);
    await consumer.close();
    expect(read.map((message) => String(message.value))).toEqual([value]);
    rounds += 1;
  };
  const work = (async () => {
    while (!isOver) await round();
  })();
  let failure: unknown;
  work.catch((error: unknown) => {
    failure = error;
  });
  return {
    rounds: () => {
      if (failure !== undefined) throw failure;
      return rounds;
    },
    finish: async () => {
      isOver = true;
      await work;
      await client.close();
    },
  };
}
