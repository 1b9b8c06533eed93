/**
 * `sluice partition elect-leader`: gives partitions another leader: the preferred one, or the one that is named. --unclean takes one that
 * is not in sync, and asks, because records may be lost. Exit code 3 where some partition has another leader than was wanted.
 */

import type { Admin, ElectedLeader, LeaderElection } from "@sluice/client";
import type { Command } from "commander";
import { type CommandContext, UsageError } from "../../command-context.js";
import {
  brokerId,
  type ClusterOptions,
  collectPartitions,
  withClusterOptions,
  withYesOption,
  type YesOptions,
} from "../../command-options.js";
import { confirm } from "../../confirm.js";
import { exitCode } from "../../exit-code.js";
import { selectPartitions } from "../../partition/select-partitions.js";
import { printAnswer } from "../../print-answer.js";
import { counted } from "../../quantities.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

interface ElectOptions extends ClusterOptions, YesOptions {
  readonly partition?: readonly number[];
  readonly broker?: number;
  readonly unclean?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withYesOption(withClusterOptions(command))
    .argument("[topic]", "default: all partitions whose preferred leader does not lead")
    .option("--partition <numbers>", "only these, as 0 or 0,1", collectPartitions)
    .option("--broker <id>", "this broker, instead of the preferred leader", brokerId)
    .option("--unclean", "one that is not in sync, where no other is there. RECORDS MAY BE LOST")
    .action((topic: string | undefined, options: ElectOptions) => elect(topic, options, context));
}

async function elect(topic: string | undefined, options: ElectOptions, context: CommandContext): Promise<void> {
  const isNarrow = options.partition !== undefined || options.broker !== undefined || options.unclean === true;
  if (topic === undefined && isNarrow)
    throw new UsageError(
      "--partition, --broker and --unclean need a topic.",
      "Name it: sluice partition elect-leader TOPIC ...",
    );
  const elected = await withClient(options, context, async (client) => {
    const admin = client.admin();
    const election = await electionOf(admin, topic, options);
    if (election.type === "unclean")
      await confirm(
        context,
        options,
        `Elect leaders of ${counted(election.partitions.length, "partition")} of topic ${topic} that may lack acknowledged records`,
      );
    return await admin.electLeaders(election);
  });
  await print(elected, options, context);
}

async function electionOf(admin: Admin, topic: string | undefined, options: ElectOptions): Promise<LeaderElection> {
  if (topic === undefined) return { type: "preferred" };
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const partitions = topics
    .flatMap((described) => selectPartitions(described, options.partition))
    .map(({ partition }) => ({ topic, partition }));
  const { broker } = options;
  if (options.unclean === true)
    return { type: "unclean", partitions, ...(broker === undefined ? {} : { brokerId: broker }) };
  return broker === undefined ? { type: "preferred", partitions } : { type: "chosen", partitions, brokerId: broker };
}

async function print(elected: readonly ElectedLeader[], options: ElectOptions, context: CommandContext): Promise<void> {
  const shown = elected.map(({ topic, partition, leaderId, leaderEpoch, error }) => {
    const problem = error === undefined ? null : `${error.message} (${error.code})`;
    return { topic, partition, leader: leaderId ?? null, leaderEpoch, problem };
  });
  if (shown.some(({ problem }) => problem !== null)) context.setExitCode(exitCode.unhealthy);
  await printAnswer(context, options, {
    value: { partitions: shown },
    text: () =>
      shown.length === 0
        ? "Nothing to elect: every preferred leader leads.\n"
        : formatTable(
            [
              { title: "TOPIC" },
              { title: "PARTITION", align: "right" },
              { title: "LEADER", align: "right" },
              { title: "EPOCH", align: "right" },
              { title: "PROBLEM" },
            ],
            shown.map((row) => [row.topic, row.partition, row.leader, row.leaderEpoch, row.problem]),
          ),
  });
}
