import { SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { BrokerRenewal } from "./broker-renewal.js";
import { silentLogger } from "./logging.js";
import type { RunningBroker, StartableBroker } from "./running-broker.js";

const stale = new SluiceError("STORE_RESTORED", { reason: "it went back" });

/** What happens, in words, and the brokers that are made. */
class Makers {
  readonly story: string[] = [];
  readonly clock = new VirtualClock();
  /** Errors of the next starts. */
  readonly failures: (Error | undefined)[] = [];
  onStale: (error: SluiceError) => void = () => undefined;
  #count = 0;

  readonly renewal = new BrokerRenewal({
    clock: this.clock,
    logger: silentLogger,
    make: (previous, onStale) => this.#make(previous, onStale),
  });

  async until(entry: string): Promise<void> {
    while (!this.story.includes(entry)) await new Promise((resolve) => setImmediate(resolve));
  }

  #make(previous: RunningBroker | undefined, onStale: (error: SluiceError) => void): StartableBroker {
    this.#count += 1;
    const port = this.#count;
    this.story.push(`make ${port} after ${previous?.port}`);
    this.onStale = onStale;
    const close = async (): Promise<void> => void this.story.push(`close ${port}`);
    return {
      id: 1,
      host: "h",
      port,
      listenerPorts: new Map(),
      httpPort: port,
      start: async () => {
        this.story.push(`start ${port}`);
        const failure = this.failures.shift();
        if (failure !== undefined) throw failure;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  }
}

describe("a broker that cannot go on", () => {
  it("is stopped, and another one started in its place", async () => {
    const makers = new Makers();
    await makers.renewal.start();
    expect(makers.renewal.port).toBe(1);
    makers.onStale(stale);
    await makers.until("start 2");
    expect(makers.story).toEqual(["make 1 after undefined", "start 1", "close 1", "make 2 after 1", "start 2"]);
    expect(makers.renewal.port).toBe(2);
    await makers.renewal.close();
    expect(makers.story.at(-1)).toBe("close 2");
  });

  it("is started again after a start that failed", async () => {
    const makers = new Makers();
    await makers.renewal.start();
    makers.failures.push(new Error("etcd is not back yet"));
    makers.onStale(stale);
    await makers.until("start 2");
    await new Promise((resolve) => setImmediate(resolve));
    makers.clock.advance(1000);
    await makers.until("start 3");
    expect(makers.story.slice(-3)).toEqual(["close 2", "make 3 after 2", "start 3"]);
    await makers.renewal.close();
  });

  it("is not started again when it is to stop", async () => {
    const makers = new Makers();
    await makers.renewal.start();
    await makers.renewal.close();
    makers.onStale(stale);
    expect(makers.story).toEqual(["make 1 after undefined", "start 1", "close 1"]);
  });

  it("is stopped while it starts, and whoever waits for it waits for the one in its place", async () => {
    const makers = new Makers();
    makers.failures.push(new Error("closed on its way"));
    const starting = makers.renewal.start();
    makers.onStale(stale);
    await starting;
    expect(makers.story).toEqual(["make 1 after undefined", "start 1", "close 1", "make 2 after 1", "start 2"]);
    await makers.renewal.close();
  });

  it("passes on why the first start failed", async () => {
    const makers = new Makers();
    makers.failures.push(stale);
    await expect(makers.renewal.start()).rejects.toBe(stale);
  });
});
