/**
 * Ships what a service writes, line by line, to the log.
 *
 * It is a stream like any other: where the brokers are slower than the service, the pipeline waits, and memory stays small.
 */

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Sluice } from "@sluice/client";
import { logLines } from "./log-lines.js";

/** Resolves when every line of `output` is acknowledged. */
export async function shipLines(sluice: Sluice, service: string, output: Readable): Promise<void> {
  const producer = sluice.producer({ lingerMs: 5 });
  const lines = createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY });
  const messages = Readable.from(lines).map((line: string) => ({ key: service, value: line }));
  await pipeline(messages, producer.asWritable({ topic: logLines }));
  await producer.close();
}
