/** What the rest of the shop does: takes orders and payments. */

import type { Sluice } from "@sluice/client";
import { cancellations, orders, partitionCount, payments } from "./topics.js";

export async function createTopics(sluice: Sluice): Promise<void> {
  const topics = [orders, payments, cancellations].map(({ name: topic }) => ({ topic, numPartitions: partitionCount }));
  await sluice.admin().createTopics({ topics });
}

export async function order(sluice: Sluice, ids: readonly string[]): Promise<void> {
  const messages = ids.map((id) => ({ key: id, value: { amount: 10 } }));
  await sluice.producer().send({ topic: orders, messages });
}

export async function pay(sluice: Sluice, ids: readonly string[]): Promise<void> {
  const messages = ids.map((id) => ({ key: id, value: { amount: 10 } }));
  await sluice.producer().send({ topic: payments, messages });
}

/** Ids of the cancelled orders, in the order in which they arrive, `count` of them. */
export async function cancelled(sluice: Sluice, count: number): Promise<string[]> {
  const consumer = sluice.consumer();
  await consumer.assign(
    Array.from({ length: partitionCount }, (_, partition) => ({
      topic: cancellations.name,
      partition,
      offset: "earliest" as const,
    })),
  );
  const ids: string[] = [];
  for await (const { key } of consumer) if (ids.push(String(key)) === count) break;
  return ids;
}
