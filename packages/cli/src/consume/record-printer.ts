/** Prints messages: a row each for people, a JSON object each for programs. */

import type { Message } from "@sluice/client";
import type { TextOutput } from "../command-context.js";
import { LineWriter } from "../line-writer.js";
import { bytesToJson, headersToJson, recordRow, recordTitles } from "../record-format.js";

export class RecordPrinter {
  readonly #lines: LineWriter;
  readonly #format: (message: Message) => string;
  readonly #titles: string;
  #count = 0;

  constructor(output: TextOutput, format: "table" | "json") {
    this.#lines = new LineWriter(output);
    this.#format = format === "json" ? jsonLine : row;
    this.#titles = format === "json" ? "" : recordTitles;
  }

  /** Messages printed. */
  get count(): number {
    return this.#count;
  }

  /** Takes a message. A promise to wait for, where the output has no room. */
  print(message: Message): Promise<void> | undefined {
    const text = this.#format(message);
    return this.#lines.write(this.#count++ === 0 ? this.#titles + text : text);
  }

  /** Hands everything to the output. */
  async flush(): Promise<void> {
    await this.#lines.flush();
  }
}

function jsonLine({ topic, partition, offset, timestamp, key, value, headers }: Message): string {
  const shown = { key: bytesToJson(key), value: bytesToJson(value), headers: headersToJson(headers) };
  return `${JSON.stringify({ topic, partition, offset, timestamp, ...shown })}\n`;
}

function row({ partition, offset, timestamp, key, value }: Message): string {
  return recordRow({ partition, offset, timestampMs: timestamp, key, value });
}
