/**
 * `sluice cluster drain`: places nothing new on a broker, and moves what it keeps to the others. What it would copy is shown first.
 *
 * With --dry-run nothing changes, and exit code 3 says that something would.
 */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { brokerId, isForPrograms, withClusterOptions } from "../../command-options.js";
import { carryOutMoves, type MoveOptions, withMoveOptions } from "../../partition/carry-out-moves.js";
import { costOfPlan, movesOf, movingText } from "../../partition/moves.js";
import { say } from "../../print-answer.js";
import { printJson } from "../../print-json.js";
import { counted } from "../../quantities.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withMoveOptions(withClusterOptions(command))
    .argument("<broker>", "id of the broker", brokerId)
    .action((broker: number, options: MoveOptions) => drain(broker, options, context));
}

async function drain(broker: number, options: MoveOptions, context: CommandContext): Promise<void> {
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    const plan = await admin.planReassignments({ drainBroker: broker });
    const moves = movesOf(plan.topics, (await admin.fetchTopicMetadata()).topics);
    const cost = costOfPlan(plan);
    const question = `Drain broker ${broker}, and move ${counted(moves.length, "partition")} away from it`;
    const before = (): Promise<void> => admin.setBrokerDrained({ brokerId: broker, drained: true });
    const executed = await carryOutMoves(admin, { moves, cost, question, before }, options, context);
    if (isForPrograms(options))
      return printJson(context, { broker, drained: executed, executed, moves, ...cost }, options);
    await say(
      context,
      options,
      executed ? doneText(broker, moves.length, options) : "Nothing is changed. Leave out --dry-run to do it.\n",
    );
  });
}

function doneText(broker: number, moves: number, options: MoveOptions): string {
  if (moves === 0 || options.wait === true) return `Broker ${broker} is drained, and keeps nothing.\n`;
  return `Broker ${broker} is drained; ${movingText(moves)} away. 'sluice partition verify' says when that is over.\n`;
}
