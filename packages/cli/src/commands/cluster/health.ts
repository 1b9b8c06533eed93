/** `sluice cluster health`: one verdict, with its reasons. Exit code 0 where all is well, 3 where it is not. */

import type { Command } from "commander";
import { type ClusterLook, lookAtBrokers } from "../../cluster-look.js";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { isUnderReplicated } from "../../partition/partition-place.js";
import { printAnswer } from "../../print-answer.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command).action((options: ClusterOptions) => health(options, context));
}

async function health(options: ClusterOptions, context: CommandContext): Promise<void> {
  const look = await lookAtBrokers(options, context);
  const { problems, counts } = verdictOf(look);
  const healthy = problems.length === 0;
  if (!healthy) context.setExitCode(exitCode.unhealthy);
  await printAnswer(context, options, {
    value: { healthy, problems, ...counts },
    text: () => {
      const what = `${counts.brokers} brokers, ${counts.partitions} partitions`;
      return healthy
        ? `Healthy: ${what}.\n`
        : `Not healthy (${what}):\n${problems.map((text) => `  ${text}\n`).join("")}`;
    },
  });
}

/** What is not as it should be, in words. Partitions are named where they are few. */
export function verdictOf({ cluster, topics, brokers }: ClusterLook) {
  const partitions = topics.flatMap(({ name, partitions: all }) => all.map((each) => ({ ...each, topic: name })));
  const leaderless = partitions.filter(({ leaderId }) => leaderId === undefined);
  const underReplicated = partitions.filter(isUnderReplicated);
  const offline = partitions.filter(({ offlineReplicas }) => offlineReplicas.length > 0);
  const offlineBrokers = new Set(offline.flatMap(({ offlineReplicas }) => offlineReplicas).sort((a, b) => a - b));
  const problems = [
    ...(cluster.controller === undefined ? ["no broker acts as controller"] : []),
    ...brokers.flatMap(({ id, isFenced }) => (isFenced ? [`broker ${id} is fenced: it takes no part yet`] : [])),
    ...brokers.flatMap(({ id, error, description }) => {
      if (error !== undefined) return [`broker ${id} does not answer: ${error.message}`];
      const texts = description?.problems ?? [];
      return description?.ready === false && texts.length === 0
        ? [`broker ${id} is not ready`]
        : texts.map((text) => `broker ${id}: ${text}`);
    }),
    ...(leaderless.length === 0 ? [] : [`no leader: ${partitionList(leaderless)}`]),
    ...(offlineBrokers.size === 0
      ? []
      : [`replicas on brokers that are not running (${[...offlineBrokers].join(", ")}): ${partitionList(offline)}`]),
    ...(underReplicated.length === 0 ? [] : [`not all replicas in sync: ${partitionList(underReplicated)}`]),
  ];
  const counts = {
    brokers: brokers.length,
    topics: topics.filter(({ isInternal }) => !isInternal).length,
    partitions: partitions.length,
    leaderless: leaderless.length,
    underReplicated: underReplicated.length,
    offline: offline.length,
  };
  return { problems, counts };
}

const listedMax = 5;

function partitionList(partitions: readonly { readonly topic: string; readonly partition: number }[]): string {
  const names = partitions.slice(0, listedMax).map(({ topic, partition }) => `${topic}-${partition}`);
  const more = partitions.length - names.length;
  return `${names.join(", ")}${more === 0 ? "" : ` and ${more} more`}`;
}
