/**
 * Which orders have had their mail: a file of their ids, one a line, synced before a mail counts as sent.
 *
 * It spares the mail server what is known to be sent. It is not what makes the mail go out once: a crash between the mail and
 * this file is what the idempotency key is for.
 */

import { type FileHandle, open, readFile } from "node:fs/promises";

export class SentOrders implements AsyncDisposable {
  readonly #ids: Set<string>;
  readonly #file: FileHandle;

  private constructor(ids: Set<string>, file: FileHandle) {
    this.#ids = ids;
    this.#file = file;
  }

  static async open(path: string): Promise<SentOrders> {
    const file = await open(path, "a+");
    // A last line without its end was cut off by a crash: its mail counts as not sent.
    const lines = (await readFile(path, "utf8")).split("\n").slice(0, -1);
    return new SentOrders(new Set(lines), file);
  }

  has(orderId: string): boolean {
    return this.#ids.has(orderId);
  }

  async add(orderId: string): Promise<void> {
    await this.#file.appendFile(`${orderId}\n`);
    await this.#file.datasync();
    this.#ids.add(orderId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
