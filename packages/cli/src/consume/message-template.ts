/**
 * The format of `sluice consume -f`: text with places for parts of a message.
 *
 *     %t topic  %p partition  %o offset  %k key  %v value  %h headers as JSON  %T timestamp in ms  %d timestamp as ISO 8601
 *     %K bytes of the key  %V bytes of the value (-1: none)  %% a percent sign  and the escapes \n \t \r \0 \\
 *
 * Nothing is added at the end of a record: a line feed is written as \n.
 */

import { InvalidArgumentError } from "commander";
import { bytesToJson, headersToJson, type PrintedHeaders, timeText } from "../record-format.js";

/** What there is to print of a message. */
export interface TemplateMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: PrintedHeaders;
}

/** Makes the text of one message. */
export type MessageTemplate = (message: TemplateMessage) => string;

const parts: Readonly<Record<string, MessageTemplate>> = {
  t: ({ topic }) => topic,
  p: ({ partition }) => String(partition),
  o: ({ offset }) => String(offset),
  k: ({ key }) => bytesText(key),
  v: ({ value }) => bytesText(value),
  h: ({ headers }) => JSON.stringify(headersToJson(headers)),
  T: ({ timestamp }) => String(timestamp),
  d: ({ timestamp }) => timeText(timestamp),
  K: ({ key }) => String(key?.length ?? -1),
  V: ({ value }) => String(value?.length ?? -1),
  "%": () => "%",
};

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0", "\\": "\\" };

/** @throws InvalidArgumentError where a place or an escape is not known */
export function parseTemplate(text: string): MessageTemplate {
  const pieces: MessageTemplate[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character !== "%" && character !== "\\") {
      pieces.push(() => character);
      continue;
    }
    const letter = text.charAt(++at);
    const table = character === "%" ? parts : escapes;
    if (!Object.hasOwn(table, letter))
      throw new InvalidArgumentError(`It does not know '${character}${letter}'. ${known}`);
    const piece = table[letter];
    pieces.push(typeof piece === "function" ? piece : () => piece ?? "");
  }
  return (message) => pieces.map((piece) => piece(message)).join("");
}

const known = "It takes %t %p %o %k %v %h %T %d %K %V %% and \\n \\t \\r \\0 \\\\.";

/** Text as it is; "" for none; bytes that are not UTF-8 as base64:... . */
function bytesText(bytes: Buffer | null): string {
  const json = bytesToJson(bytes);
  if (json === null) return "";
  return typeof json === "string" ? json : `base64:${json.base64}`;
}
