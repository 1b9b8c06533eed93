/**
 * Collects the lines of all services into one file each, in batches: what is committed is on disk.
 *
 * Offsets are committed after the files are written and synced, so a crash can write lines twice and never lose one. Each line
 * is written with partition and offset in front, which says what is the same line.
 */

import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Consumer, MessageOf, Sluice } from "@sluice/client";
import { logLines } from "./log-lines.js";

type LineMessage = MessageOf<typeof logLines>;

export class LineCollector implements AsyncDisposable {
  readonly #directory: string;
  readonly #consumer: Consumer<LineMessage>;
  #collecting: Promise<void> | undefined;
  #collected = 0;
  #wake: (() => void) | undefined;

  constructor(sluice: Sluice, directory: string) {
    this.#directory = directory;
    this.#consumer = sluice.consumer({ groupId: "line-collectors", startFrom: "earliest", topics: [logLines] });
  }

  start(): void {
    this.#collecting = this.#collect();
  }

  /** Resolves when so many lines are in the files; rejects when collecting failed. */
  async until(count: number): Promise<void> {
    while (this.#collected < count) {
      const more = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([more, this.#collecting]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.close();
    await this.#collecting;
  }

  /** Asking for the next batch says that this one is processed. */
  async #collect(): Promise<void> {
    for await (const batch of this.#consumer.batches()) {
      const byService = new Map<string, string[]>();
      for (const message of batch.messages) {
        const lines = byService.get(message.key as string) ?? [];
        byService.set(message.key as string, lines);
        lines.push(`${message.partition}:${message.offset} ${message.value}\n`);
      }
      await Promise.all([...byService].map(([service, lines]) => this.#write(service, lines)));
      this.#collected += batch.messages.length;
      this.#wake?.();
    }
  }

  async #write(service: string, lines: readonly string[]): Promise<void> {
    const file = await open(join(this.#directory, `${service}.log`), "a");
    try {
      await file.appendFile(lines.join(""));
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}
