/** `sluice group describe`: members, and for each partition what is committed, where the log ends, and the lag between. */

import type { Admin, GroupDescription } from "@sluice/client";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, isForPrograms, withClusterOptions } from "../../command-options.js";
import { printJson } from "../../print-json.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** Null: nothing is committed. */
  readonly committed: number | null;
  /** Null: the topic is gone. */
  readonly end: number | null;
  /** Records that are not processed. Null where one of the others is. */
  readonly lag: number | null;
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<group>")
    .action((group: string, options: ClusterOptions) => describe(group, options, context));
}

async function describe(group: string, options: ClusterOptions, context: CommandContext): Promise<void> {
  const { description, partitions } = await withClient(options, context, async (client) => {
    const admin = client.admin();
    const found = await admin.describeGroup(group);
    return { description: found, partitions: await lagOf(admin, found) };
  });
  const { state, generation, assignor } = description;
  const members = description.members.map(({ memberId, clientId, host, owned }) => {
    return { memberId, clientId, host, partitions: owned };
  });
  if (isForPrograms(options))
    return printJson(context, { group, state, generation, assignor, members, partitions }, options);
  const count = members.length === 1 ? "1 member" : `${members.length} members`;
  const memberTable = formatTable(
    [{ title: "MEMBER" }, { title: "CLIENT" }, { title: "HOST" }, { title: "PARTITIONS", align: "right" }],
    members.map((member) => [member.memberId, member.clientId, member.host, member.partitions.length]),
  );
  const lagTable = formatTable(
    [
      { title: "TOPIC" },
      { title: "PARTITION", align: "right" },
      { title: "COMMITTED", align: "right" },
      { title: "END", align: "right" },
      { title: "LAG", align: "right" },
      { title: "MEMBER" },
    ],
    partitions.map((row) => [row.topic, row.partition, row.committed, row.end, row.lag, ownerOf(description, row)]),
  );
  const shownMembers = members.length === 0 ? "" : `${memberTable}\n`;
  await context.stdout.write(`Group ${group}: ${state}, ${count}\n\n${shownMembers}${lagTable}`);
}

/** Every partition that has something committed or a member that works on it. */
async function lagOf(admin: Admin, group: GroupDescription): Promise<PartitionLag[]> {
  const committed = new Map(group.offsets.map(({ topic, partition, offset }) => [`${topic} ${partition}`, offset]));
  const owned = group.members.flatMap((member) => member.owned);
  const topics = [...new Set([...group.offsets, ...owned].map(({ topic }) => topic))].sort();
  const existing = new Set(await admin.listTopics({ includeInternal: true }));
  const rows: PartitionLag[] = [];
  for (const topic of topics) {
    const ends = existing.has(topic) ? await admin.fetchTopicOffsets(topic) : [];
    const endOf = new Map(ends.map(({ partition, high }) => [partition, high]));
    const used = [...group.offsets, ...owned].filter((each) => each.topic === topic).map(({ partition }) => partition);
    for (const partition of [...new Set(used)].sort((left, right) => left - right)) {
      const offset = committed.get(`${topic} ${partition}`) ?? null;
      const end = endOf.get(partition) ?? null;
      const lag = offset === null || end === null ? null : Math.max(0, end - offset);
      rows.push({ topic, partition, committed: offset, end, lag });
    }
  }
  return rows;
}

function ownerOf(group: GroupDescription, row: PartitionLag): string | null {
  const owner = group.members.find(({ owned }) =>
    owned.some(({ topic, partition }) => topic === row.topic && partition === row.partition),
  );
  return owner?.memberId ?? null;
}
