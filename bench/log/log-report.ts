/** What the benchmarks of the log found: as one JSON object, or as a table. */

import type { LogBenchOptions } from "./log-bench-options.js";
import { type Round, ratiosOf, type Spread, spreadOf } from "./statistics.js";

/** What a figure should be. */
export interface Goal {
  /** The ratio to plain calls, or the figure itself. */
  readonly of: "ratio" | "ours";
  readonly bound: "at least" | "at most";
  readonly value: number;
}

export interface LogBenchRow {
  readonly what: string;
  readonly unit: string;
  readonly ours: Spread;
  /** What it is compared with; undefined where there is nothing. */
  readonly plain: Spread | undefined;
  /** Ours / plain, round by round. */
  readonly ratio: Spread | undefined;
  /** Undefined: for information only. */
  readonly goal: Goal | undefined;
}

export interface LogBenchReport {
  readonly options: LogBenchOptions;
  readonly rows: readonly LogBenchRow[];
  /** What was not measured, and why. */
  readonly notes: readonly string[];
}

/** A row of a comparison. */
export function comparedRow(what: string, unit: string, rounds: readonly Round[], goal?: Goal): LogBenchRow {
  return {
    what,
    unit,
    ours: spreadOf(rounds.map((round) => round.ours)),
    plain: spreadOf(rounds.map((round) => round.plain)),
    ratio: ratiosOf(rounds),
    goal,
  };
}

/** A row of a figure that stands for itself. */
export function absoluteRow(what: string, unit: string, values: readonly number[], goal?: Goal): LogBenchRow {
  return { what, unit, ours: spreadOf(values), plain: undefined, ratio: undefined, goal };
}

/** Whether the median reaches the goal, and by how many per cent it does not; undefined where there is no goal. */
export function verdictOf({ goal, ours, ratio }: LogBenchRow): string | undefined {
  if (goal === undefined) return undefined;
  const found = (goal.of === "ratio" ? ratio : ours)?.median ?? Number.NaN;
  const isMet = goal.bound === "at least" ? found >= goal.value : found <= goal.value;
  return isMet ? "met" : `missed by ${(Math.abs(found / goal.value - 1) * 100).toFixed(1)} %`;
}

const titles = ["WHAT", "UNIT", "OURS", "PLAIN FS", "RATIO", "ALL ROUNDS", "GOAL", ""];

export function formatLogReport({ options, rows, notes }: LogBenchReport): string {
  const lines = align([titles, ...rows.map(cells)]);
  lines.push("", `medians of ${options.rounds} rounds, in ${options.directory}; MB are 10^6 bytes`);
  return [...lines, ...notes.map((note) => `not measured: ${note}`)].join("\n");
}

function cells(row: LogBenchRow): string[] {
  const { what, unit, ours, plain, ratio, goal } = row;
  const range = ratio ?? ours;
  return [
    what,
    unit,
    figure(ours.median),
    plain === undefined ? "-" : figure(plain.median),
    ratio === undefined ? "-" : figure(ratio.median),
    `${figure(range.lowest)} to ${figure(range.highest)}`,
    goal === undefined ? "-" : `${goal.of === "ratio" ? "ratio " : ""}${goal.bound} ${goal.value}`,
    verdictOf(row) ?? "",
  ];
}

function figure(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = titles.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
