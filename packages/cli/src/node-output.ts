/** Standard output and standard error of Node, with back-pressure, and quiet when their reader goes away (EPIPE). */

import type { WriteStream } from "node:tty";
import type { TextOutput } from "./command-context.js";

export class NodeOutput implements TextOutput {
  readonly isTerminal: boolean;
  readonly hasColors: boolean;
  readonly #stream: WriteStream;
  #isGone = false;
  #room: Promise<void> | undefined;

  constructor(stream: WriteStream, options: { hasColors: boolean; onReaderGone: () => void }) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true;
    this.hasColors = this.isTerminal && options.hasColors;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      this.#isGone = true;
      options.onReaderGone();
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
