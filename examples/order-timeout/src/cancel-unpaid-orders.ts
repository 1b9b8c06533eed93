/**
 * Cancels orders that are not paid within a time.
 *
 * The orders of a partition are in the order of their timestamps, so the one at the head is the next to be due: waiting for it
 * is waiting for all, and needs no timer an order and no store. Its handler waits for seconds or for hours; heartbeats do not
 * depend on handlers, so the group never takes it for dead. A crash loses nothing: an order that was not decided is not
 * committed, and comes again.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, MessageOf, Producer, Sluice } from "@sluice/client";
import { PaidOrders } from "./paid-orders.js";
import { cancellations, orders, partitionCount } from "./topics.js";

export interface OrderTimeouts extends AsyncDisposable {
  /** Rejects when an order could not be decided. */
  readonly finished: Promise<void>;
}

/** Starts one instance. Any number may run: they share the partitions of the orders. */
export async function cancelUnpaidOrders(
  sluice: Sluice,
  options: { readonly timeoutMs: number },
): Promise<OrderTimeouts> {
  const paid = await PaidOrders.follow(sluice);
  const producer = sluice.producer();
  const consumer = sluice.consumer({ groupId: "order-timeouts", startFrom: "earliest", topics: [orders] });
  const running = await consumer.run({
    partitionsConsumedConcurrently: partitionCount,
    eachMessage: async ({ message, signal }) => {
      const dueMs = message.timestamp + options.timeoutMs;
      await sleep(Math.max(0, dueMs - Date.now()), undefined, { signal });
      await decide(message, { dueMs, paid, producer });
    },
  });
  return { finished: stopped(running.finished), [Symbol.asyncDispose]: () => close(consumer, paid) };
}

async function decide(
  message: MessageOf<typeof orders>,
  { dueMs, paid, producer }: { dueMs: number; paid: PaidOrders; producer: Producer },
): Promise<void> {
  const orderId = message.key as string;
  if (await paid.has(orderId)) return;
  await producer.send({
    topic: cancellations,
    messages: [{ key: orderId, value: { reason: "not paid in time", dueMs } }],
  });
}

/** A wait that was cut short because the consumer stops is no failure: its order comes again. */
async function stopped(finished: Promise<void>): Promise<void> {
  try {
    await finished;
  } catch (error) {
    if ((error as Error).name !== "AbortError") throw error;
  }
}

async function close(consumer: Consumer<MessageOf<typeof orders>>, paid: PaidOrders): Promise<void> {
  await consumer.close();
  await paid[Symbol.asyncDispose]();
}
