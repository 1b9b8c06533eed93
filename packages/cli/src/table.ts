/**
 * Tables for people: columns without borders, aligned by blanks, one row a line, so that awk and grep can use them too.
 *
 *     TOPIC   PARTITION  END
 *     orders          0   12
 */

import { printable } from "./printable.js";

export interface Column {
  readonly title: string;
  /** Numbers are right-aligned, everything else left. Default left. */
  readonly align?: "left" | "right";
}

/** Null is printed as "-". */
export type Cell = string | number | null;

/** The table as text, each line ended by a line feed. Without rows only the titles. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const lines = [columns.map((column) => column.title), ...rows.map((row) => row.map(cellText))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => width(line[index] ?? ""))));
  return lines.map((line) => formatLine(line, columns, widths)).join("");
}

function formatLine(line: readonly string[], columns: readonly Column[], widths: readonly number[]): string {
  const cells = columns.map((column, index) => {
    const text = line[index] ?? "";
    const padding = " ".repeat((widths[index] ?? 0) - width(text));
    return column.align === "right" ? padding + text : text + padding;
  });
  return `${cells.join("  ").trimEnd()}\n`;
}

function cellText(cell: Cell): string {
  return cell === null ? "-" : printable(String(cell));
}

/** Characters, not UTF-16 units. */
function width(text: string): number {
  return Array.from(text).length;
}
