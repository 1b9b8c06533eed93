/**
 * `sluice partition reassign`: moves replicas to other brokers, by name or from a file, or cancels moves. What it comes to is shown first.
 *
 * With --dry-run nothing changes, and exit code 3 says that something would.
 */

import type { Admin, TopicAssignment } from "@sluice/client";
import type { Command } from "commander";
import { type CommandContext, UsageError } from "../../command-context.js";
import { collectPartitions, isForPrograms, parseBrokers, required, withClusterOptions } from "../../command-options.js";
import { confirm } from "../../confirm.js";
import { carryOutMoves, type MoveOptions, withMoveOptions } from "../../partition/carry-out-moves.js";
import { changesReplicas, costOf, type Move, movesOf, movingText } from "../../partition/moves.js";
import { readPlanFile } from "../../partition/plan-file.js";
import { selectPartitions } from "../../partition/select-partitions.js";
import { say } from "../../print-answer.js";
import { printJson } from "../../print-json.js";
import { counted } from "../../quantities.js";
import { withClient } from "../../with-client.js";

interface ReassignOptions extends MoveOptions {
  readonly partition?: readonly number[];
  readonly replicas?: readonly number[];
  readonly plan?: string;
  readonly cancel?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withMoveOptions(withClusterOptions(command))
    .argument("[topic]")
    .option("--partition <numbers>", "only these, as 0 or 0,1", collectPartitions)
    .option("--replicas <brokers>", "brokers that shall keep them, as 1,2,3, the preferred leader first", parseBrokers)
    .option("--plan <file>", "take the moves from a file, as --dry-run -o json prints them")
    .option("--cancel", "cancel the moves that are under way")
    .action((topic: string | undefined, options: ReassignOptions) => reassign(topic, options, context));
}

async function reassign(topic: string | undefined, options: ReassignOptions, context: CommandContext): Promise<void> {
  checkWays(topic, options);
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    if (options.cancel === true) return await cancel(admin, required("TOPIC", topic), options, context);
    const wanted =
      options.plan === undefined
        ? await assignmentOf(admin, topic as string, options)
        : await readPlanFile(options.plan);
    const names = [...new Set(wanted.map((one) => one.topic))];
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    const moves = movesOf(wanted, topics);
    const cost = costOf(moves);
    // What would be refused is said before anybody is asked.
    if (moves.length > 0) await admin.alterPartitionReassignments({ topics: wanted, validateOnly: true });
    const question = `Move ${counted(moves.length, "partition")}`;
    const executed = await carryOutMoves(admin, { moves, cost, question }, options, context);
    if (isForPrograms(options)) return printJson(context, { executed, moves, ...cost, cancelled: [] }, options);
    await say(context, options, remarkOf(moves, executed, options));
  });
}

/** @throws UsageError where it is not said, or said twice, what is to be done */
function checkWays(topic: string | undefined, { replicas, plan, cancel: isCancel }: ReassignOptions): void {
  const ways = [replicas !== undefined, plan !== undefined, isCancel === true].filter(Boolean).length;
  const hint = "Give a topic with --replicas 1,2,3 or --cancel, or --plan FILE alone.";
  if (ways !== 1) throw new UsageError("It takes one of --replicas, --plan and --cancel.", hint);
  if ((plan === undefined) !== (topic !== undefined)) throw new UsageError("A plan names its topics itself.", hint);
}

async function assignmentOf(
  admin: Admin,
  topic: string,
  options: ReassignOptions,
): Promise<readonly TopicAssignment[]> {
  const partitions = await partitionsOfTopic(admin, topic, options.partition);
  const replicas = required("--replicas", options.replicas);
  return [{ topic, partitionAssignment: partitions.map((partition) => ({ partition, replicas })) }];
}

async function cancel(admin: Admin, topic: string, options: ReassignOptions, context: CommandContext): Promise<void> {
  const ongoing = await admin.listPartitionReassignments({ topics: [{ topic, partitions: options.partition }] });
  const partitions = ongoing.topics.flatMap((one) => one.partitions.map(({ partition }) => partition));
  const cancelled = partitions.map((partition) => ({ topic, partition }));
  const executed = options.dryRun !== true && partitions.length > 0;
  if (executed) {
    await confirm(context, options, `Cancel the moves of ${counted(partitions.length, "partition")} of topic ${topic}`);
    const partitionAssignment = partitions.map((partition) => ({ partition, replicas: [] }));
    await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
  }
  if (isForPrograms(options)) return printJson(context, { executed, moves: [], ...costOf([]), cancelled }, options);
  const done = executed ? "are cancelled: the brokers are those of before, in the order of now" : "would be cancelled";
  await say(
    context,
    options,
    partitions.length === 0
      ? `No move of topic ${topic} is under way.\n`
      : `Moves of ${counted(partitions.length, "partition")} ${done}.\n`,
  );
}

async function partitionsOfTopic(
  admin: Admin,
  topic: string,
  numbers: readonly number[] | undefined,
): Promise<readonly number[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return topics.flatMap((described) => selectPartitions(described, numbers)).map(({ partition }) => partition);
}

function remarkOf(moves: readonly Move[], executed: boolean, { wait }: MoveOptions): string {
  if (moves.length === 0) return "Nothing to move: it is so already.\n";
  if (!executed) return "Nothing is changed. Leave out --dry-run to do it.\n";
  if (!moves.some(changesReplicas))
    return "The order is changed. Leaders follow by themselves, and at once with 'sluice partition elect-leader'.\n";
  return wait === true
    ? `${counted(moves.length, "partition")} moved.\n`
    : `${movingText(moves.length)} now. 'sluice partition verify' says when that is over.\n`;
}
