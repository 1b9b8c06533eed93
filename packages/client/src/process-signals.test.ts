import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { ProcessSignals, type SignalSource } from "./process-signals.js";

class FakeProcess extends EventEmitter implements SignalSource {
  readonly pid = 42;
  readonly killed: [number, string][] = [];
  kill(pid: number, signal: string): void {
    this.killed.push([pid, signal]);
  }
}

/** A close that a test ends. */
function closer() {
  const closing = withResolvers();
  let calls = 0;
  const close = async (): Promise<void> => {
    calls++;
    await closing.promise;
  };
  return { close, done: () => closing.resolve(undefined), calls: () => calls };
}

function withResolvers() {
  let resolve: (value: unknown) => void = () => undefined;
  const promise = new Promise<unknown>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

async function turn(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
}

describe("closing on signals", () => {
  it("closes all clients together, and sends the signal again when the last is closed", async () => {
    const process = new FakeProcess();
    const signals = new ProcessSignals(process);
    const [first, second] = [closer(), closer()];
    signals.closeOn(["SIGTERM", "SIGINT"], first.close);
    signals.closeOn(["SIGTERM"], second.close);
    expect(process.listenerCount("SIGTERM")).toBe(1);
    process.emit("SIGTERM");
    expect([first.calls(), second.calls()]).toEqual([1, 1]);
    // From now on a second signal has nobody to keep the process in being.
    expect(process.listenerCount("SIGTERM")).toBe(0);
    first.done();
    await turn();
    expect(process.killed).toEqual([]);
    second.done();
    await turn();
    expect(process.killed).toEqual([[42, "SIGTERM"]]);
  });

  it("leaves the end of the process to a listener of the program", async () => {
    const process = new FakeProcess();
    const signals = new ProcessSignals(process);
    const client = closer();
    process.on("SIGINT", () => undefined);
    signals.closeOn(["SIGINT"], client.close);
    process.emit("SIGINT");
    client.done();
    await turn();
    expect(client.calls()).toBe(1);
    expect(process.killed).toEqual([]);
  });

  it("forgets a client that is disposed of, and listens no more when it was the last", () => {
    const process = new FakeProcess();
    const signals = new ProcessSignals(process);
    const [first, second] = [closer(), closer()];
    const [firstWatch, secondWatch] = [
      signals.closeOn(["SIGTERM"], first.close),
      signals.closeOn(["SIGTERM"], second.close),
    ];
    firstWatch[Symbol.dispose]();
    process.emit("SIGTERM");
    expect([first.calls(), second.calls()]).toEqual([0, 1]);
    secondWatch[Symbol.dispose]();
    const third = closer();
    signals.closeOn(["SIGTERM"], third.close)[Symbol.dispose]();
    expect(process.listenerCount("SIGTERM")).toBe(0);
  });
});
