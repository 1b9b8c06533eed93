/** `sluice partition describe`: everything that the cluster knows of one partition. Exit code 3 where it is not well. */

import type { Admin, TopicOffset } from "@sluice/client";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, integerBetween, withClusterOptions } from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { idsText } from "../../partition/moves.js";
import { isUnderReplicated } from "../../partition/partition-place.js";
import { type NamedPartition, selectPartitions } from "../../partition/select-partitions.js";
import { printAnswer } from "../../print-answer.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<topic>")
    .argument("<partition>", "its number, from 0", integerBetween(0, 0x7fff_ffff))
    .action((topic: string, partition: number, options: ClusterOptions) =>
      describe(topic, partition, options, context),
    );
}

async function describe(
  topic: string,
  number: number,
  options: ClusterOptions,
  context: CommandContext,
): Promise<void> {
  const { partition, offsets } = await withClient(options, context, (client) => look(client.admin(), topic, number));
  const { leaderId, replicas, inSyncReplicas } = partition;
  if (leaderId === undefined || isUnderReplicated(partition)) context.setExitCode(exitCode.unhealthy);
  const value = {
    topic,
    partition: number,
    leader: leaderId ?? null,
    leaderEpoch: partition.leaderEpoch,
    preferredLeader: replicas[0] ?? null,
    replicas,
    inSyncReplicas,
    eligibleLeaderReplicas: partition.eligibleLeaderReplicas,
    offlineReplicas: partition.offlineReplicas,
    addingReplicas: partition.addingReplicas,
    removingReplicas: partition.removingReplicas,
    start: offsets?.low ?? null,
    end: offsets?.high ?? null,
  };
  await printAnswer(context, options, {
    value,
    text: () =>
      formatTable(
        [{ title: "OF" }, { title: `${topic}-${number}` }],
        [
          ["leader", value.leader],
          ["leader epoch", value.leaderEpoch],
          ["preferred leader", value.preferredLeader],
          ["replicas", idsText(replicas)],
          ["in sync", idsText(inSyncReplicas)],
          ["eligible to lead", idsText(value.eligibleLeaderReplicas)],
          ["offline", idsText(value.offlineReplicas)],
          ["being added", idsText(value.addingReplicas)],
          ["being removed", idsText(value.removingReplicas)],
          ["start", value.start],
          ["end", value.end],
        ],
      ),
  });
}

async function look(
  admin: Admin,
  topic: string,
  number: number,
): Promise<{ readonly partition: NamedPartition; readonly offsets: TopicOffset | undefined }> {
  const [described] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics;
  const [partition] = selectPartitions(described as NonNullable<typeof described>, [number]);
  // Offsets are the leaders' to say: without one the partition is described all the same.
  const hasLeaders = described?.partitions.every(({ leaderId }) => leaderId !== undefined) === true;
  const offsets = hasLeaders ? await admin.fetchTopicOffsets(topic) : [];
  return { partition: partition as NamedPartition, offsets: offsets.find((one) => one.partition === number) };
}
