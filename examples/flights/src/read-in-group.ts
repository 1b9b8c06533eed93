/**
 * Three consumers of one group read everything from what the group has committed to the ends of the topics, and compute delays on
 * the way.
 */

import { setTimeout } from "node:timers/promises";
import { isSluiceError, type Message, type MessageBatch, type Sluice } from "@sluice/client";
import { Delays } from "./delays.js";
import type { Departure, RoutedFlight } from "./flight-data.js";
import { RecordLedger } from "./record-ledger.js";

export interface GroupReading {
  readonly ledgers: { readonly departures: RecordLedger; readonly routed: RecordLedger };
  readonly byHour: Delays<number>;
  readonly byRoute: Delays<string>;
  /** Messages read by each consumer. */
  readonly shares: readonly number[];
  /** From the first message that could be read to the last. */
  readonly seconds: number;
}

export interface GroupReadingOptions {
  readonly groupId: string;
  readonly topics: { readonly departures: string; readonly routed: string };
}

const consumerCount = 3;
const sharedOutPollMs = 10;
const sharedOutMsMax = 30_000;

export async function readInGroup(client: Sluice, options: GroupReadingOptions): Promise<GroupReading> {
  const { groupId, topics } = options;
  const left = await partitionsToRead(client, options);
  const done = new AbortController();
  const ledgers = { departures: new RecordLedger(), routed: new RecordLedger() };
  const byHour = new Delays<number>();
  const byRoute = new Delays<string>();
  const process = ({ topic, partition, offset, timestamp, key, value }: Message): void => {
    const isRouted = topic === topics.routed;
    (isRouted ? ledgers.routed : ledgers.departures).add({ partition, offset, timestamp, key, value });
    if (isRouted) {
      const { origin, destination, delay } = JSON.parse(String(value)) as RoutedFlight;
      byRoute.add(`${origin}-${destination}`, delay);
    } else {
      const { time, delay } = JSON.parse(String(value)) as Departure;
      byHour.add(Math.floor(time), delay);
    }
  };
  const consume = async (batches: AsyncIterable<MessageBatch>): Promise<number> => {
    let count = 0;
    try {
      for await (const batch of batches) {
        for (const message of batch) process(message);
        count += batch.messages.length;
        const place = placeOf(batch.topic, batch.partition);
        if (batch.lastOffset() + 1 >= (left.get(place) ?? 0)) left.delete(place);
        if (left.size === 0) done.abort();
      }
    } catch (error) {
      // Everything is read: each consumer has committed what it processed, and is out of the group.
      if (!(done.signal.aborted && isSluiceError(error, "CANCELLED"))) throw error;
    }
    return count;
  };

  const consumers = Array.from({ length: consumerCount }, () => client.consumer({ groupId, startFrom: "earliest" }));
  try {
    for (const consumer of consumers) await consumer.subscribe({ topics: [topics.departures, topics.routed] });
    // Nothing is read before the partitions are shared out, so that none changes hands with records in them.
    const iterations = consumers.map((consumer) => consumer.batches({ signal: done.signal }));
    await sharedOut(client, groupId);
    const startedMs = performance.now();
    const shares = await Promise.all(iterations.map(consume));
    return { ledgers, byHour, byRoute, shares, seconds: (performance.now() - startedMs) / 1000 };
  } finally {
    await Promise.all(consumers.map((consumer) => consumer.close()));
  }
}

/** End of each partition that the group has not read to its end, by place. */
async function partitionsToRead(
  client: Sluice,
  { groupId, topics }: GroupReadingOptions,
): Promise<Map<string, number>> {
  const admin = client.admin();
  const names = [topics.departures, topics.routed];
  const committed = new Map<string, number>();
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: names }))
    for (const { partition, offset } of partitions) if (offset >= 0) committed.set(placeOf(topic, partition), offset);
  const left = new Map<string, number>();
  for (const topic of names) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      const place = placeOf(topic, partition);
      if ((committed.get(place) ?? low) < high) left.set(place, high);
    }
  }
  return left;
}

/** Resolves when all consumers are members and have their partitions. */
async function sharedOut(client: Sluice, groupId: string): Promise<void> {
  const admin = client.admin();
  const deadlineMs = performance.now() + sharedOutMsMax;
  for (;;) {
    const group = (await admin.listGroups()).groups.find((each) => each.groupId === groupId);
    if (group?.state === "stable" && group.members === consumerCount) return;
    if (performance.now() > deadlineMs)
      throw new Error(`the group has ${group?.members ?? 0} members, and is not settled`);
    await setTimeout(sharedOutPollMs);
  }
}

function placeOf(topic: string, partition: number): string {
  return `${topic} ${partition}`;
}
