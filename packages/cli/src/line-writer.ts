/**
 * Writes many short lines to an output in few large pieces. A line is out within one turn of the event loop, or when the piece is
 * full.
 */

import type { TextOutput } from "./command-context.js";

const pieceCharacters = 64 * 1024;

export class LineWriter {
  readonly #output: TextOutput;
  #piece = "";
  #isScheduled = false;

  constructor(output: TextOutput) {
    this.#output = output;
  }

  /** Takes a line with its end. Undefined, or a promise to wait for before the next line. */
  write(line: string): Promise<void> | undefined {
    this.#piece += line;
    if (this.#piece.length >= pieceCharacters) return this.flush();
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        void this.flush();
      });
    }
    return undefined;
  }

  /** Hands over everything that was taken. */
  async flush(): Promise<void> {
    const piece = this.#piece;
    this.#piece = "";
    if (piece !== "") await this.#output.write(piece);
  }
}
