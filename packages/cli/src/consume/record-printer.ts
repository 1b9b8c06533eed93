/** Prints messages: a row each for people, a JSON object or YAML document each for programs, or as a template says. */

import type { Message } from "@sluice/client";
import type { TextOutput } from "../command-context.js";
import type { OutputFormat } from "../command-options.js";
import { LineWriter } from "../line-writer.js";
import { dataText } from "../print-answer.js";
import { printable } from "../printable.js";
import { bytesToJson, headersToJson, recordRow, recordTitles } from "../record-format.js";
import { isWanted, type MessagePatterns } from "./message-filter.js";
import type { MessageTemplate } from "./message-template.js";

export interface RecordPrinterOptions extends MessagePatterns {
  readonly output: OutputFormat;
  /** Counts more than `output`. */
  readonly template?: MessageTemplate | undefined;
  /** Rows say which topic a record is of. */
  readonly withTopic: boolean;
}

export class RecordPrinter {
  readonly #lines: LineWriter;
  readonly #format: (message: Message) => string;
  readonly #titles: string;
  readonly #patterns: MessagePatterns;
  #count = 0;

  constructor(output: TextOutput, options: RecordPrinterOptions) {
    this.#lines = new LineWriter(output);
    this.#patterns = options;
    const { format, titles } = formatOf(options, output);
    this.#format = format;
    this.#titles = titles;
  }

  /** Messages printed. */
  get count(): number {
    return this.#count;
  }

  /** Takes a message, and prints it if it is wanted. A promise to wait for, where the output has no room. */
  print(message: Message): Promise<void> | undefined {
    if (!isWanted(this.#patterns, message)) return undefined;
    const text = this.#format(message);
    return this.#lines.write(this.#count++ === 0 ? this.#titles + text : text);
  }

  /** Hands everything to the output. */
  async flush(): Promise<void> {
    await this.#lines.flush();
  }
}

function formatOf(
  { output, template, withTopic }: RecordPrinterOptions,
  { isTerminal }: TextOutput,
): { readonly format: (message: Message) => string; readonly titles: string } {
  if (template !== undefined)
    return { format: isTerminal ? (message) => safe(template(message)) : template, titles: "" };
  if (output === "json" || output === "yaml")
    return { format: (message) => dataText({ output }, dataOf(message)), titles: "" };
  const isWide = output === "wide";
  const topicTitle = withTopic ? "TOPIC  " : "";
  return {
    format: (message) => {
      const headers = isWide ? `  ${printable(JSON.stringify(headersToJson(message.headers)))}` : "";
      return `${withTopic ? `${message.topic}  ` : ""}${row(message).trimEnd()}${headers}\n`;
    },
    titles: `${topicTitle}${recordTitles.trimEnd()}${isWide ? "  HEADERS" : ""}\n`,
  };
}

/** What a record holds must not move the cursor of a terminal; line ends and tabs of the template may. */
function safe(text: string): string {
  return text
    .split(/([\n\t])/)
    .map((piece) => (piece === "\n" || piece === "\t" ? piece : printable(piece)))
    .join("");
}

function dataOf({ topic, partition, offset, timestamp, key, value, headers }: Message): object {
  const shown = { key: bytesToJson(key), value: bytesToJson(value), headers: headersToJson(headers) };
  return { topic, partition, offset, timestamp, ...shown };
}

function row({ partition, offset, timestamp, key, value }: Message): string {
  return recordRow({ partition, offset, timestampMs: timestamp, key, value });
}
