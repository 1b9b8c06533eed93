/**
 * `sluice cluster balance`: spreads replicas and leaders evenly over the brokers that are not drained, and gives leadership back to the
 * preferred leaders. What it would copy is shown first.
 *
 * With --dry-run nothing changes, and exit code 3 says that replicas would move.
 */

import type { Admin } from "@sluice/client";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { isForPrograms, withClusterOptions } from "../../command-options.js";
import { carryOutMoves, type MoveOptions, withMoveOptions } from "../../partition/carry-out-moves.js";
import { costOf, costOfPlan, type Move, type MoveCost, movesOf, movingText } from "../../partition/moves.js";
import { say } from "../../print-answer.js";
import { printJson } from "../../print-json.js";
import { counted } from "../../quantities.js";
import { withClient } from "../../with-client.js";

interface BalanceOptions extends MoveOptions {
  readonly leadersOnly?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withMoveOptions(withClusterOptions(command))
    .option("--leaders-only", "move no replicas: only give leadership back to the preferred leaders")
    .action((options: BalanceOptions) => balance(options, context));
}

async function balance(options: BalanceOptions, context: CommandContext): Promise<void> {
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    const { moves, cost } = await planOf(admin, options);
    const question = `Move ${counted(moves.length, "partition")}`;
    const executed = await carryOutMoves(admin, { moves, cost, question }, options, context);
    const elected = executed
      ? (await admin.electLeaders({ type: "preferred" })).filter(({ error }) => error === undefined)
      : [];
    if (isForPrograms(options))
      return printJson(context, { executed, moves, ...cost, leadersElected: elected.length }, options);
    await say(context, options, executed ? doneText(moves, elected.length, options) : undoneText(moves));
  });
}

async function planOf(
  admin: Admin,
  { leadersOnly }: BalanceOptions,
): Promise<{ readonly moves: readonly Move[]; readonly cost: MoveCost }> {
  if (leadersOnly === true) return { moves: [], cost: costOf([]) };
  const plan = await admin.planReassignments();
  return { moves: movesOf(plan.topics, (await admin.fetchTopicMetadata()).topics), cost: costOfPlan(plan) };
}

function doneText(moves: readonly Move[], elected: number, { wait }: MoveOptions): string {
  const leaders = `${counted(elected, "partition")} went back to the preferred leader`;
  if (moves.length === 0) return `Nothing to move; ${leaders}.\n`;
  if (wait === true) return `${counted(moves.length, "partition")} moved; ${leaders}.\n`;
  return `${movingText(moves.length)} now: 'sluice partition verify' says when that is over; ${leaders}.\n`;
}

function undoneText(moves: readonly Move[]): string {
  return moves.length === 0
    ? "Nothing to move: replicas are spread evenly.\n"
    : "Nothing is changed. Leave out --dry-run to do it.\n";
}
