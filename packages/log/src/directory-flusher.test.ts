import { describe, expect, it } from "vitest";
import { DirectoryFlusher } from "./directory-flusher.js";

/** A file whose syncs end when the test says so. */
class HeldFile {
  syncCount = 0;
  #settle: ((error?: Error) => void) | undefined;

  syncData(): Promise<void> {
    this.syncCount += 1;
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
    });
  }

  async finish(error?: Error): Promise<void> {
    this.#settle?.(error);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

describe("DirectoryFlusher", () => {
  it("covers everything that is asked for during a round with the next round, once a file", async () => {
    const flusher = new DirectoryFlusher();
    const [a, b] = [new HeldFile(), new HeldFile()];
    const done: string[] = [];
    void flusher.sync(a).then(() => done.push("a1"));
    for (const name of ["a2", "a3"]) void flusher.sync(a).then(() => done.push(name));
    void flusher.sync(b).then(() => done.push("b1"));
    expect([a.syncCount, b.syncCount]).toEqual([1, 0]);
    await a.finish();
    expect(done).toEqual(["a1"]);
    expect([a.syncCount, b.syncCount]).toEqual([2, 1]);
    await b.finish();
    await a.finish();
    expect(done).toEqual(["a1", "b1", "a2", "a3"]);
    expect([a.syncCount, b.syncCount]).toEqual([2, 1]);
  });

  it("begins no round before the one under way has ended for all its files", async () => {
    const flusher = new DirectoryFlusher();
    const [first, slow, fast] = [new HeldFile(), new HeldFile(), new HeldFile()];
    void flusher.sync(first);
    void flusher.sync(slow);
    void flusher.sync(fast);
    await first.finish();
    await fast.finish();
    void flusher.sync(fast);
    expect(fast.syncCount).toBe(1);
    await slow.finish();
    expect(fast.syncCount).toBe(2);
    await fast.finish();
  });

  it("tells an error to who asked for that file, does not sync it again, and goes on", async () => {
    const flusher = new DirectoryFlusher();
    const [bad, good] = [new HeldFile(), new HeldFile()];
    const failed = flusher.sync(bad).catch((error: unknown) => error);
    const fine = flusher.sync(good);
    await bad.finish(new Error("EIO"));
    expect(await failed).toEqual(new Error("EIO"));
    await good.finish();
    await fine;
    expect([bad.syncCount, good.syncCount]).toEqual([1, 1]);
  });
});
