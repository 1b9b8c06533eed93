/** `sluice group members`: who is in a group, and what each of them works on. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { printAnswer } from "../../print-answer.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<group>")
    .addHelpText("after", "\n-o wide shows every partition; * marks one that a member shall get, or give up.")
    .action((group: string, options: ClusterOptions) => members(group, options, context));
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

async function members(group: string, options: ClusterOptions, context: CommandContext): Promise<void> {
  const description = await withClient(options, context, (client) => client.admin().describeGroup(group));
  const { state, generation } = description;
  const shown = description.members.map(({ memberId, clientId, host, topics, owned, assigned }) => {
    return { memberId, clientId, host, topics, partitions: owned, assigned };
  });
  await printAnswer(context, options, {
    value: { group, state, generation, members: shown },
    text: () => {
      if (shown.length === 0) return `Group ${group} is ${state}: it has no members.\n`;
      return formatTable(
        [{ title: "MEMBER" }, { title: "CLIENT" }, { title: "HOST" }, { title: "PARTITIONS" }],
        shown.map(({ memberId, clientId, host, partitions, assigned }) => {
          const cell = options.output === "wide" ? placesText(partitions, assigned) : countsText(partitions);
          return [memberId, clientId, host, cell];
        }),
      );
    },
  });
}

/** `orders(2) payments(1)`. */
function countsText(places: readonly Place[]): string | null {
  const counts = new Map<string, number>();
  for (const { topic } of places) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  return counts.size === 0 ? null : [...counts].map(([topic, count]) => `${topic}(${count})`).join(" ");
}

/** `orders-0 orders-1*`: what is owned, and with a star what is to change. */
function placesText(owned: readonly Place[], assigned: readonly Place[]): string | null {
  const [has, shall] = [new Set(owned.map(nameOf)), new Set(assigned.map(nameOf))];
  const names = [...new Set([...has, ...shall])].sort();
  return names.length === 0
    ? null
    : names.map((name) => (has.has(name) && shall.has(name) ? name : `${name}*`)).join(" ");
}

function nameOf({ topic, partition }: Place): string {
  return `${topic}-${partition}`;
}
