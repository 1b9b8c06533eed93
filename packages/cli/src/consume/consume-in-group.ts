/**
 * Prints a topic as a member of a group.
 *
 * It ends when the group has reached the end of every partition: those that this member has by printing them, those of other
 * members by what they commit. What was printed is committed before it returns.
 */

import { setTimeout } from "node:timers/promises";
import type { Consumer, Message, Sluice } from "@sluice/client";
import type { Position } from "../position.js";
import type { RecordPrinter } from "./record-printer.js";
import { endOffsets, offsetsAt, type PartitionOffsets } from "./topic-range.js";

export interface GroupConsumption {
  readonly topic: string;
  readonly group: string;
  /** Where to begin where nothing is committed. */
  readonly from: Position;
  readonly to?: Position | undefined;
  /** Only this one, without sharing: taken while the group has no members. */
  readonly partition?: number | undefined;
  readonly count?: number | undefined;
  readonly follow?: boolean | undefined;
}

/** How often the commits of the group are looked at. */
const commitsIntervalMs = 250;

export async function consumeInGroup(
  client: Sluice,
  options: GroupConsumption,
  output: { readonly printer: RecordPrinter; readonly signal: AbortSignal },
): Promise<void> {
  const { topic, group, from, partition } = options;
  const startFrom = from === "earliest" || from === "latest" ? from : "fail";
  const consumer = client.consumer({ groupId: group, startFrom });
  const partitions = [...(await endOffsets(client.admin(), topic, options))];
  const ends = new Map(partitions.filter(([number]) => partition === undefined || number === partition));
  const starts = await startOffsets(client, consumer, options, ends);
  const open = new Set([...ends].filter(([number, end]) => (starts.get(number) ?? 0) < end).map(([number]) => number));
  if (open.size === 0 || options.count === 0) return;
  if (partition === undefined) await consumer.subscribe({ topics: [topic] });
  else await consumer.assign([{ topic, partition }]);
  // A partition that is at its end gives out nothing: a record past the end would be committed unprinted.
  const closed = [...ends.keys()].filter((number) => !open.has(number));
  if (closed.length > 0) consumer.pause([{ topic, partitions: closed }]);
  await new GroupReading(consumer, { ...options, ends, open }, output).run();
}

/**
 * Where the group begins. A start that the consumer has no word for (an offset, a time) is committed for the group where it has nothing,
 * which is refused while it has members.
 */
async function startOffsets(
  client: Sluice,
  consumer: Consumer,
  options: GroupConsumption,
  ends: PartitionOffsets,
): Promise<PartitionOffsets> {
  const { topic, from } = options;
  const partitions = [...ends.keys()].map((partition) => ({ topic, partition }));
  const committed = new Map((await consumer.committed(partitions)).map(({ partition, offset }) => [partition, offset]));
  const defaults = await offsetsAt(client.admin(), topic, from);
  const starts = new Map(
    partitions.map(({ partition }) => [partition, committed.get(partition) ?? defaults.get(partition) ?? 0]),
  );
  const missing = partitions.filter(({ partition }) => !committed.has(partition));
  if (from !== "earliest" && from !== "latest" && missing.length > 0)
    await consumer.commit(missing.map(({ partition }) => ({ topic, partition, offset: starts.get(partition) ?? 0 })));
  return starts;
}

interface GroupReadingOptions {
  readonly topic: string;
  readonly count?: number | undefined;
  readonly ends: PartitionOffsets;
  /** Partitions that are not at their end yet. */
  readonly open: Set<number>;
}

class GroupReading {
  readonly #consumer: Consumer;
  readonly #options: GroupReadingOptions;
  readonly #output: { readonly printer: RecordPrinter; readonly signal: AbortSignal };
  #last: Message | undefined;

  constructor(
    consumer: Consumer,
    options: GroupReadingOptions,
    output: { readonly printer: RecordPrinter; readonly signal: AbortSignal },
  ) {
    this.#consumer = consumer;
    this.#options = options;
    this.#output = output;
  }

  async run(): Promise<void> {
    const { signal } = this.#output;
    const ended = new AbortController();
    const onAbort = (): void => void this.#stopEarly();
    if (signal.aborted) return;
    signal.addEventListener("abort", onAbort, { once: true });
    const watching = this.#watchCommits(ended.signal);
    try {
      await this.#print();
    } finally {
      ended.abort();
      signal.removeEventListener("abort", onAbort);
      await watching;
    }
  }

  async #print(): Promise<void> {
    const { count = Number.POSITIVE_INFINITY, open } = this.#options;
    const { printer } = this.#output;
    for await (const message of this.#consumer) {
      this.#last = message;
      await printer.print(message);
      this.#closeAtEnd(message);
      if (printer.count < count && open.size > 0) continue;
      await printer.flush();
      await message.commit();
      break;
    }
  }

  /** The last record of a partition: nothing that comes after it may be given out. */
  #closeAtEnd({ topic, partition, offset }: Message): void {
    if (offset + 1 < (this.#options.ends.get(partition) ?? 0)) return;
    this.#options.open.delete(partition);
    this.#consumer.pause([{ topic, partitions: [partition] }]);
  }

  /** Ends the reading when the group has committed all that is open. */
  async #watchCommits(signal: AbortSignal): Promise<void> {
    const { topic, ends, open } = this.#options;
    while (open.size > 0 && !signal.aborted) {
      // The reading is over, or there is no answer at present: the reading itself says what is wrong.
      await setTimeout(commitsIntervalMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // Of its own partitions too: one may come from another member that has read it to its end.
      const places = [...open].map((partition) => ({ topic, partition }));
      const committed = await this.#consumer.committed(places, { signal }).catch(() => []);
      for (const { partition, offset } of committed) if (offset >= (ends.get(partition) ?? 0)) open.delete(partition);
      // No record is in hand: it would not be committed, and its partition would be open.
      if (committed.length > 0 && open.size === 0) await this.#consumer.stop();
    }
  }

  /** The command was stopped: what is printed is committed, and the loop ends. */
  async #stopEarly(): Promise<void> {
    await this.#output.printer.flush();
    // Refused where another member has the partition now: that member prints it again.
    await this.#last?.commit().catch(() => undefined);
    await this.#consumer.stop();
  }
}
