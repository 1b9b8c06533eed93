/** The plan of a move of committed offsets, as `group reset` and `group import` show and make it. */

import type { Admin, PlannedOffsetReset } from "@sluice/client";
import type { CommandContext } from "../command-context.js";
import { isForPrograms, type OutputOptions } from "../command-options.js";
import { say } from "../print-answer.js";
import { printJson } from "../print-json.js";
import { grouped } from "../progress-bar.js";
import { countText } from "../quantities.js";
import { formatTable } from "../table.js";

export interface PlanMode {
  readonly group: string;
  /** Make the plan; else only show it. */
  readonly execute: boolean;
}

/** Shows a plan, and makes it exactly as it is shown where it is to be made. */
export async function carryOut(
  admin: Admin,
  plan: readonly PlannedOffsetReset[],
  mode: PlanMode,
  { options, context }: { readonly options: OutputOptions; readonly context: CommandContext },
): Promise<void> {
  const { group, execute: executed } = mode;
  const rows = plan.map(rowOf);
  const sum = (count: (row: PlannedOffsetReset) => number): number =>
    plan.reduce((total, row) => total + count(row), 0);
  const totals = {
    replayed: sum(({ replayed }) => replayed),
    skipped: sum(({ skipped }) => skipped),
    remaining: sum(({ remaining }) => remaining),
  };
  if (!isForPrograms(options)) await context.stdout.write(planTable(rows));
  if (executed) await admin.executeReset({ groupId: group, plan });
  if (isForPrograms(options)) return printJson(context, { group, executed, ...totals, partitions: rows }, options);
  await say(context, options, remarkOf(totals, executed));
}

function rowOf({ topic, partition, current, target, end, replayed, skipped }: PlannedOffsetReset) {
  const delta = current === undefined ? null : target - current;
  return { topic, partition, current: current ?? null, new: target, delta, end, replayed, skipped };
}

function planTable(rows: readonly ReturnType<typeof rowOf>[]): string {
  const right = { align: "right" } as const;
  return formatTable(
    [
      { title: "TOPIC" },
      { title: "PARTITION", ...right },
      { title: "CURRENT", ...right },
      { title: "NEW", ...right },
      { title: "DELTA", ...right },
    ],
    rows.map((row) => [row.topic, row.partition, row.current, row.new, signed(row.delta)]),
  );
}

function remarkOf(
  { replayed, skipped, remaining }: { readonly replayed: number; readonly skipped: number; readonly remaining: number },
  executed: boolean,
): string {
  const will = executed ? "will" : "would";
  const effects = [
    ...(replayed > 0 ? [`${will} replay ${countText(replayed)} records`] : []),
    ...(skipped > 0 ? [`${will} skip ${countText(skipped)} records`] : []),
  ];
  const effect = effects.length === 0 ? "" : ` The group ${effects.join(" and ")}.`;
  return executed
    ? `Done. The group has ${grouped(remaining)} records to read.${effect}\n`
    : `Nothing is changed: the group would have ${grouped(remaining)} records to read.${effect} Add --execute to move the offsets.\n`;
}

function signed(delta: number | null): string | null {
  return delta === null ? null : delta > 0 ? `+${delta}` : String(delta);
}
