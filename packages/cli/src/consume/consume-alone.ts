/**
 * Prints topics without a group. Records of one partition come in order; partitions and topics as they are fetched.
 *
 * It ends at the end of each partition as it was when it began, or when so many records are printed, or never.
 */

import type { Sluice } from "@sluice/client";
import { SluiceError } from "@sluice/model";
import type { Position } from "../position.js";
import type { RecordPrinter } from "./record-printer.js";
import { offsetsAt } from "./topic-range.js";

export interface Consumption {
  readonly topics: readonly string[];
  readonly from: Position;
  readonly to?: Position | undefined;
  /** Only these; default: all. */
  readonly partitions?: readonly number[] | undefined;
  /** Most records that are printed. */
  readonly count?: number | undefined;
  readonly follow?: true | undefined;
}

type ReadPosition = Exclude<Position, { readonly last: number }>;

interface Part {
  readonly topic: string;
  readonly partition?: number | undefined;
  readonly from: ReadPosition;
  readonly to?: ReadPosition | undefined;
}

export async function consumeAlone(
  client: Sluice,
  options: Consumption,
  output: { readonly printer: RecordPrinter; readonly signal: AbortSignal },
): Promise<void> {
  const { printer, signal } = output;
  const { count = Number.POSITIVE_INFINITY, follow } = options;
  if (count === 0) return;
  const parts = (await Promise.all(options.topics.map((topic) => partsOf(client, topic, options)))).flat();
  const consumer = client.consumer();
  const done = new AbortController();
  const readSignal = AbortSignal.any([signal, done.signal]);
  const readPart = async ({ topic, partition, from, to }: Part): Promise<void> => {
    for await (const message of consumer.read({ topic, partition, from, to, follow, signal: readSignal })) {
      // Other parts may have printed the last one meanwhile.
      if (printer.count >= count) break;
      await printer.print(message);
      if (printer.count >= count) break;
    }
    if (printer.count >= count) done.abort();
  };
  // The first that fails ends the others: none of them goes on unseen.
  const results = await Promise.allSettled(
    parts.map((part) =>
      readPart(part).catch((error: unknown) => {
        if (done.signal.aborted) return;
        done.abort();
        throw error;
      }),
    ),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** One part a topic; one a partition where each begins or ends at a place of its own, or only some are wanted. */
async function partsOf(client: Sluice, topic: string, options: Consumption): Promise<Part[]> {
  const { from, to, partitions } = options;
  const isPlain = !isLast(from) && !isLast(to);
  if (isPlain && partitions === undefined) return [{ topic, from, to }];
  if (isPlain) return (partitions ?? []).map((partition) => ({ topic, partition, from, to }));
  const admin = client.admin();
  const starts = await offsetsAt(admin, topic, from);
  const ends = to === undefined ? undefined : await offsetsAt(admin, topic, to);
  return (partitions ?? [...starts.keys()]).map((partition) => {
    const start = starts.get(partition);
    if (start === undefined) throw new SluiceError("UNKNOWN_PARTITION", { topic, partition });
    return { topic, partition, from: start, to: ends?.get(partition) };
  });
}

function isLast(position: Position | undefined): position is { readonly last: number } {
  return typeof position === "object" && "last" in position;
}
