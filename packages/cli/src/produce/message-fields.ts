/** What `sluice produce` gives every record besides its value: a key, headers, a partition. */

import type { MessageHeaders, OutgoingMessage } from "@sluice/client";
import { InvalidArgumentError } from "commander";
import type { InputGroup } from "./input-format.js";

export interface SharedFields {
  readonly key?: string | undefined;
  readonly headers?: MessageHeaders | undefined;
  readonly partition?: number | undefined;
}

/** The group with the fields in each message. A key that a message has of its own counts more. */
export function withSharedFields(group: InputGroup, { key, headers, partition }: SharedFields): InputGroup {
  if (key === undefined && headers === undefined && partition === undefined) return group;
  const shared = {
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
    ...(partition === undefined ? {} : { partition }),
  };
  const messages = group.messages.map((message): OutgoingMessage => ({ ...shared, ...message }));
  return { ...group, messages };
}

/** Parser of an option that is given once for each `name=value`; a name that comes again repeats the header. */
export function collectHeader(text: string, before: Readonly<Record<string, readonly string[]>> = {}) {
  const separator = text.indexOf("=");
  if (separator <= 0) throw new InvalidArgumentError("It takes name=value.");
  const name = text.slice(0, separator);
  const values = Object.hasOwn(before, name) ? (before[name] ?? []) : [];
  return { ...before, [name]: [...values, text.slice(separator + 1)] };
}
