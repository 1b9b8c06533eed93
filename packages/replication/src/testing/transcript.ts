/** What a machine does with a list of events, as text: one line an event, one indented line an effect. */

import type { TopicName } from "@sluice/model";
import type { PartitionEffect } from "../partition-effect.js";
import type { PartitionEvent } from "../partition-event.js";
import { PartitionStateMachine } from "../partition-state-machine.js";

/** Transcript of broker 1, with the scenario in words on top. */
export function transcript(scenario: string, events: readonly PartitionEvent[]): string {
  const machine = new PartitionStateMachine({ topic: "flights" as TopicName, partition: 0, broker: 1 });
  const lines = [scenario.trim(), ""];
  for (const event of events) {
    lines.push(messageText(event));
    for (const effect of machine.step(event)) lines.push(`    -> ${messageText(effect)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Type and fields of an event or effect; what is undefined or empty is left out. */
export function messageText(message: PartitionEvent | PartitionEffect): string {
  const fields = Object.entries(message).filter(([name, value]) => name !== "type" && valueText(value) !== "");
  return [message.type, ...fields.map(([name, value]) => `${name}=${valueText(value)}`)].join(" ");
}

function valueText(value: unknown): string {
  if (value === undefined) return "";
  if (value instanceof Error) return value.message;
  if (Array.isArray(value)) return value.map(valueText).join(",");
  if (typeof value !== "object" || value === null) return String(value);
  const fields = Object.entries(value).filter(([, field]) => valueText(field) !== "");
  return `{${fields.map(([name, field]) => `${name}: ${valueText(field)}`).join(", ")}}`;
}
