/** An output without colours, whatever it is: for --no-color. */

import type { TextOutput } from "./command-context.js";

export class PlainOutput implements TextOutput {
  readonly hasColors = false;
  readonly #output: TextOutput;

  constructor(output: TextOutput) {
    this.#output = output;
  }

  get isTerminal(): boolean {
    return this.#output.isTerminal;
  }

  get columns(): number {
    return this.#output.columns;
  }

  write(text: string): Promise<void> {
    return this.#output.write(text);
  }
}
