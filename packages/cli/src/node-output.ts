/**
 * Standard output and standard error of Node, with back-pressure. Quiet when the reader goes away (EPIPE); any other failure, as of a full
 * disk, is told once, and nothing is written after it.
 */

import type { WriteStream } from "node:tty";
import type { TextOutput } from "./command-context.js";

export class NodeOutput implements TextOutput {
  readonly isTerminal: boolean;
  readonly hasColors: boolean;
  readonly #stream: WriteStream;
  #isGone = false;
  #room: Promise<void> | undefined;

  constructor(
    stream: WriteStream,
    options: {
      readonly hasColors: boolean;
      readonly isDumb: boolean;
      readonly onReaderGone: () => void;
      readonly onFailed: (error: NodeJS.ErrnoException) => void;
    },
  ) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true && !options.isDumb;
    this.hasColors = this.isTerminal && options.hasColors;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      const isFirst = !this.#isGone;
      this.#isGone = true;
      if (error.code === "EPIPE") options.onReaderGone();
      else if (isFirst) options.onFailed(error);
    });
  }

  get columns(): number {
    return this.#stream.columns ?? 80;
  }

  async write(text: string): Promise<void> {
    if (this.#isGone) return;
    if (!this.#stream.write(text)) this.#room ??= this.#untilRoom();
    await this.#room;
  }

  /** One wait for all who write meanwhile. The end of the stream ends it too. */
  #untilRoom(): Promise<void> {
    return new Promise((resolve) => {
      const onRoom = (): void => {
        this.#stream.off("drain", onRoom);
        this.#stream.off("close", onRoom);
        this.#room = undefined;
        resolve();
      };
      this.#stream.on("drain", onRoom);
      this.#stream.on("close", onRoom);
    });
  }
}
