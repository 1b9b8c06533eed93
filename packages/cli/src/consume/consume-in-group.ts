/**
 * Prints topics as a member of a group.
 *
 * It ends when the group has reached the end of every partition: those that this member has by printing them, those of other
 * members by what they commit. What was printed is committed before it returns. Nothing at or past an end is printed or committed, also not
 * of a partition that came from another member meanwhile.
 */

import { setTimeout } from "node:timers/promises";
import type { Consumer, Message, Sluice } from "@sluice/client";
import { SluiceError } from "@sluice/model";
import type { Consumption } from "./consume-alone.js";
import type { RecordPrinter } from "./record-printer.js";
import { endOffsets, offsetsAt } from "./topic-range.js";

export interface GroupConsumption extends Consumption {
  readonly group: string;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** Offsets by `placeKey`. */
type PlaceOffsets = ReadonlyMap<string, Place & { readonly offset: number }>;

/** How often the commits of the group are looked at. */
const commitsIntervalMs = 250;

export async function consumeInGroup(
  client: Sluice,
  options: GroupConsumption,
  output: { readonly printer: RecordPrinter; readonly signal: AbortSignal },
): Promise<void> {
  const { topics, group, from, partitions } = options;
  const startFrom = from === "earliest" || from === "latest" ? from : "fail";
  const consumer = client.consumer({ groupId: group, startFrom });
  const ends = await endsOf(client, options);
  const starts = await startOffsets(client, consumer, options, ends);
  const open = new Set(
    [...ends].filter(([key, end]) => (starts.get(key)?.offset ?? 0) < end.offset).map(([key]) => key),
  );
  if (open.size === 0 || options.count === 0) return;
  if (partitions === undefined) await consumer.subscribe({ topics: [...topics] });
  else await consumer.assign([...ends.values()].map(({ topic, partition }) => ({ topic, partition })));
  // A partition that is at its end gives out nothing: a record past the end would be committed unprinted.
  pause(
    consumer,
    [...ends.values()].filter((place) => !open.has(placeKey(place))),
  );
  await new GroupReading(consumer, { count: options.count, ends, open }, output).run();
}

async function endsOf(client: Sluice, options: GroupConsumption): Promise<PlaceOffsets> {
  const { topics, partitions } = options;
  const ends = new Map<string, Place & { readonly offset: number }>();
  for (const topic of topics) {
    const found = await endOffsets(client.admin(), topic, options);
    const missing = partitions?.find((partition) => !found.has(partition));
    if (missing !== undefined) throw new SluiceError("UNKNOWN_PARTITION", { topic, partition: missing });
    for (const [partition, offset] of found)
      if (partitions === undefined || partitions.includes(partition))
        ends.set(placeKey({ topic, partition }), { topic, partition, offset });
  }
  return ends;
}

/**
 * Where the group begins. A start that the consumer has no word for (an offset, a time) is committed for the group where it has nothing,
 * which is refused while it has members.
 */
async function startOffsets(
  client: Sluice,
  consumer: Consumer,
  options: GroupConsumption,
  ends: PlaceOffsets,
): Promise<PlaceOffsets> {
  const { topics, from } = options;
  const places = [...ends.values()].map(({ topic, partition }) => ({ topic, partition }));
  const committed = new Map(
    (await consumer.committed(places)).map((position) => [placeKey(position), position.offset]),
  );
  const starts = new Map<string, Place & { readonly offset: number }>();
  for (const topic of topics) {
    const defaults = await offsetsAt(client.admin(), topic, from);
    for (const place of places.filter((one) => one.topic === topic)) {
      const offset = committed.get(placeKey(place)) ?? defaults.get(place.partition) ?? 0;
      starts.set(placeKey(place), { ...place, offset });
    }
  }
  const missing = [...starts.values()].filter((place) => !committed.has(placeKey(place)));
  if (from !== "earliest" && from !== "latest" && missing.length > 0) await consumer.commit(missing);
  return starts;
}

interface GroupReadingOptions {
  readonly count?: number | undefined;
  readonly ends: PlaceOffsets;
  /** Partitions that are not at their end yet, by `placeKey`. */
  readonly open: Set<string>;
}

/** What GroupReading needs of a consumer. */
type ReadingConsumer = Pick<Consumer, "pause" | "committed" | "stop"> & AsyncIterable<Message>;

export class GroupReading {
  readonly #consumer: ReadingConsumer;
  readonly #options: GroupReadingOptions;
  readonly #output: {
    readonly printer: Pick<RecordPrinter, "print" | "flush" | "count">;
    readonly signal: AbortSignal;
  };
  #last: Message | undefined;

  /** @param options.open is changed: what is at its end is taken out */
  constructor(
    consumer: ReadingConsumer,
    options: GroupReadingOptions,
    output: { readonly printer: Pick<RecordPrinter, "print" | "flush" | "count">; readonly signal: AbortSignal },
  ) {
    this.#consumer = consumer;
    this.#options = options;
    this.#output = output;
  }

  /** Prints until the end, or until it is asked to stop. */
  async run(): Promise<void> {
    const { signal } = this.#output;
    const ended = new AbortController();
    const onAbort = (): void => void this.#stopEarly();
    if (signal.aborted) return;
    signal.addEventListener("abort", onAbort, { once: true });
    const watching = this.#watchCommits(ended.signal);
    try {
      let isOver = false;
      while (!isOver) isOver = await this.#print();
    } finally {
      ended.abort();
      signal.removeEventListener("abort", onAbort);
      await watching;
    }
  }

  /** False where the reading has to begin again, without a partition that came to this member past its end. */
  async #print(): Promise<boolean> {
    const { count = Number.POSITIVE_INFINITY, open } = this.#options;
    const { printer } = this.#output;
    for await (const message of this.#consumer) {
      if (this.#isPastEnd(message)) {
        // Left by the way out of the loop, it is not processed: whoever reads on gets it.
        this.#close(message);
        return open.size === 0;
      }
      this.#last = message;
      await printer.print(message);
      if (message.offset + 1 >= this.#endOf(message)) this.#close(message);
      if (printer.count < count && open.size > 0) continue;
      await printer.flush();
      await message.commit();
      break;
    }
    return true;
  }

  #isPastEnd(message: Message): boolean {
    return message.offset >= this.#endOf(message);
  }

  /** A partition that was not there at the beginning is past its end from the start. */
  #endOf(place: Place): number {
    return this.#options.ends.get(placeKey(place))?.offset ?? 0;
  }

  /** Nothing more of this partition may be given out. */
  #close(place: Place): void {
    this.#options.open.delete(placeKey(place));
    pause(this.#consumer, [place]);
  }

  /** Ends the reading when the group has committed all that is open. */
  async #watchCommits(signal: AbortSignal): Promise<void> {
    const { ends, open } = this.#options;
    while (open.size > 0 && !signal.aborted) {
      // The reading is over, or there is no answer at present: the reading itself says what is wrong.
      await setTimeout(commitsIntervalMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // Of its own partitions too: one may come from another member that has read it to its end.
      const places = [...open].flatMap((key) => ends.get(key) ?? []);
      const committed = await this.#consumer.committed(places, { signal }).catch(() => []);
      for (const position of committed) if (position.offset >= this.#endOf(position)) open.delete(placeKey(position));
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

function pause(consumer: Pick<Consumer, "pause">, places: readonly Place[]): void {
  if (places.length > 0) consumer.pause(places.map(({ topic, partition }) => ({ topic, partitions: [partition] })));
}

/** One text a partition, for maps. */
function placeKey({ topic, partition }: Place): string {
  return `${topic} ${partition}`;
}
