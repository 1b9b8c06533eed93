/**
 * A progress bar on standard error, for work that may take long. Without a terminal it prints nothing.
 *
 *     [#########...........] 45 %  90,000 records  310,000/s
 *
 * It redraws at most ten times a second, when it is told of progress: it has no timer.
 */

import type { TextOutput } from "./command-context.js";

const barCharacters = 20;
const redrawIntervalMs = 100;

export class ProgressBar {
  readonly #output: TextOutput;
  readonly #total: number | undefined;
  readonly #unit: string;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  /** @param options.total what is 100 %, in the measure of `done`; undefined: not known, and there is no bar */
  constructor(
    output: TextOutput,
    options: { readonly total?: number | undefined; readonly unit: string },
    nowMs = () => performance.now(),
  ) {
    this.#output = output;
    this.#total = options.total;
    this.#unit = options.unit;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  /** Says how far the work is. @param done in the measure of `total` @param count what is shown, in units */
  update(done: number, count: number): void {
    const nowMs = this.#nowMs();
    if (!this.#output.isTerminal || nowMs - this.#drawnMs < redrawIntervalMs) return;
    this.#drawnMs = nowMs;
    this.#isDrawn = true;
    const seconds = Math.max(0.001, (nowMs - this.#startedMs) / 1000);
    const rate = `${grouped(count)} ${this.#unit}  ${grouped(Math.round(count / seconds))}/s`;
    void this.#output.write(`\r\u001b[2K${this.#bar(done)}${rate}`);
  }

  /** Removes the bar, so that what is printed next starts on an empty line. */
  clear(): void {
    if (this.#isDrawn) void this.#output.write("\r\u001b[2K");
    this.#isDrawn = false;
  }

  #bar(done: number): string {
    if (this.#total === undefined) return "";
    const part = this.#total === 0 ? 1 : Math.min(1, done / this.#total);
    const filled = Math.floor(part * barCharacters);
    return `[${"#".repeat(filled)}${".".repeat(barCharacters - filled)}] ${Math.floor(part * 100)} %  `;
  }
}

/** 1234567 as 1,234,567. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
