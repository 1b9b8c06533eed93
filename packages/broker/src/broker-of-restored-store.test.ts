import { brokerKey, formatHistoryValue, historyKey, lastRegistrationKey } from "@sluice/cluster";
import { type KeyValue, MemoryClusterStore } from "@sluice/coordination";
import { MemoryFileSystem } from "@sluice/log/testing";
import { brokerId } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { brokerConfig } from "./broker-config.js";
import { registerBroker } from "./cluster/broker-registration.js";
import { silentLogger } from "./logging.js";
import type { RunningBroker } from "./running-broker.js";
import { startBroker } from "./start-broker.js";
import { MemoryTransport } from "./testing/memory-transport.js";

const id = brokerId(1);
/** Far longer than a start waits for an earlier registration to go with its lease. */
const patienceMs = 120_000;

describe("a broker of a store that was restored and waits to be adopted", () => {
  let clock: VirtualClock;
  let store: AgainRestoredStore;
  let broker: RunningBroker;

  beforeEach(async () => {
    clock = new VirtualClock();
    store = new AgainRestoredStore({ clock, random: new SeededRandom(1) });
    const value = formatHistoryValue({ number: 2, state: "restored" });
    await store.transact([], [{ type: "put", key: historyKey, value }]);
  });

  afterEach(async () => {
    let isClosed = false;
    void broker.close().then(() => {
      isClosed = true;
    });
    await passTime(async () => isClosed);
    await store.close();
  });

  async function start(): Promise<void> {
    const config = brokerConfig({ brokerId: id, host: "h", dataDirectory: "/data", diskReserveBytes: 0 });
    const random = new SeededRandom(2);
    const fileSystem = new MemoryFileSystem(random);
    const transport = new MemoryTransport();
    const listenHttp = async ({ port }: { readonly port: number }) => ({ port, close: async () => undefined });
    const ports = { fileSystem, clock, random, transport, listenHttp };
    broker = await startBroker({ config, clusterStore: store, logger: silentLogger }, ports);
  }

  /** Lets time pass until the condition holds, and says whether it came to that. */
  async function passTime(condition: () => Promise<boolean>): Promise<boolean> {
    for (const endMs = clock.monotonicMs() + patienceMs; clock.monotonicMs() < endMs; clock.advance(100)) {
      if (await condition()) return true;
      await turn();
    }
    return false;
  }

  it("registers, and takes no part", async () => {
    await start();
    expect(await passTime(async () => (await store.get(brokerKey(id))) !== undefined)).toBe(true);
    expect((await store.get(lastRegistrationKey(id)))?.value).toContain("fenced");
  });

  it("is started anew where another backup is restored meanwhile, with another last registration of it", async () => {
    store.restoredMeanwhile = () => registerAndLeave("another process");
    await start();
    expect(await passTime(async () => (await store.get(brokerKey(id))) !== undefined)).toBe(true);
  });

  /** What the store then has of the process: that there was one. */
  async function registerAndLeave(incarnation: string): Promise<void> {
    const { leaseId } = await store.grantLease(1000);
    const address = { host: "h", port: 1, rack: "", listeners: {} };
    await registerBroker({ id, incarnation, ...address, leaseId, lastBrokerEpoch: undefined }, { store });
    await store.revokeLease(leaseId);
  }
});

/** A store that changes right after a starting broker has read what its last registration was. */
class AgainRestoredStore extends MemoryClusterStore {
  restoredMeanwhile: (() => Promise<void>) | undefined;

  override async get(key: string): Promise<KeyValue | undefined> {
    const answer = await super.get(key);
    const restored = key === lastRegistrationKey(id) ? this.restoredMeanwhile : undefined;
    if (restored === undefined) return answer;
    this.restoredMeanwhile = undefined;
    await restored();
    return answer;
  }
}

/** What is under way goes on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
