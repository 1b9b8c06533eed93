/**
 * Shows moves of replicas with their cost, asks, begins them, and waits for their end where that is wanted.
 *
 * With --dry-run nothing moves, and exit code 3 says that something would.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Admin } from "@sluice/client";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.js";
import { type ClusterOptions, isForPrograms, withYesOption, type YesOptions } from "../command-options.js";
import { confirm } from "../confirm.js";
import { exitCode } from "../exit-code.js";
import { say } from "../print-answer.js";
import { assignmentsOf, type Move, type MoveCost, movesText, movingText } from "./moves.js";

export interface MoveOptions extends ClusterOptions, YesOptions {
  readonly dryRun?: true;
  readonly wait?: true;
}

/** How often it is asked how far moves are. */
const pollMs = 500;

/** Adds --yes, --dry-run and --wait. */
export function withMoveOptions(command: Command): Command {
  return withYesOption(command)
    .option("--dry-run", "show what would be moved, and move nothing (exit code 3 where something would)")
    .option("--wait", "wait until everything is moved");
}

/**
 * Carries moves out, as far as the options say. True: they were begun, or there were none.
 * @param task.question what is asked before, without its question mark
 * @param task.before done once the answer is yes, before the moves begin
 */
export async function carryOutMoves(
  admin: Admin,
  task: {
    readonly moves: readonly Move[];
    readonly cost: MoveCost;
    readonly question: string;
    readonly before?: () => Promise<void>;
  },
  options: MoveOptions,
  context: CommandContext,
): Promise<boolean> {
  const { moves, cost, question, before } = task;
  if (!isForPrograms(options)) await context.stdout.write(movesText(moves, cost));
  if (options.dryRun === true) {
    if (moves.length > 0) context.setExitCode(exitCode.unhealthy);
    return false;
  }
  if (moves.length > 0 || before !== undefined) await confirm(context, options, question);
  await before?.();
  if (moves.length === 0) return true;
  await admin.alterPartitionReassignments({ topics: assignmentsOf(moves) });
  if (options.wait === true) await waitForMoves(admin, moves, options, context);
  return true;
}

async function waitForMoves(
  admin: Admin,
  moves: readonly Move[],
  options: MoveOptions,
  context: CommandContext,
): Promise<void> {
  const { signal } = context;
  const begun = new Set(moves.map(({ topic, partition }) => `${topic} ${partition}`));
  const topics = [...new Set(moves.map(({ topic }) => topic))].map((topic) => ({ topic }));
  let told = -1;
  for (;;) {
    const ongoing = await admin.listPartitionReassignments({ topics }, { signal });
    const left = ongoing.topics
      .flatMap(({ topic, partitions }) => partitions.map(({ partition }) => `${topic} ${partition}`))
      .filter((key) => begun.has(key)).length;
    if (left === 0) return;
    if (left !== told) await say(context, options, `${movingText(left)}, of ${moves.length}.\n`);
    told = left;
    await sleep(pollMs, undefined, { signal });
  }
}
