import type { SuspectedBrokers } from "@sluice/cluster";
import { ImageWatcher, MemoryClusterStore } from "@sluice/coordination";
import { type BrokerAddress, type BrokerId, brokerId, type Transport } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lastBrokerEpochOf, registerBroker } from "../cluster/broker-registration.js";
import { silentLogger } from "../logging.js";
import { FailureDetection } from "./failure-detection.js";
import type { PeerLife } from "./failure-detector.js";

const ids = [1, 2, 3].map(brokerId);

describe("FailureDetection, of three brokers", () => {
  let clock: VirtualClock;
  let store: MemoryClusterStore;
  let images: ImageWatcher;
  let detections: Map<BrokerId, FailureDetection>;
  let agreed: Map<BrokerId, SuspectedBrokers>;
  let gone: PeerLife[];
  let returned: PeerLife[];
  /** Ports that take no connections. */
  let refusing: Set<number>;

  beforeEach(async () => {
    clock = new VirtualClock();
    const random = new SeededRandom(1);
    store = new MemoryClusterStore({ clock, random });
    [detections, agreed, gone, returned, refusing] = [new Map(), new Map(), [], [], new Set()];
    images = new ImageWatcher({ onError: (error) => expect.fail(error.message) }, { store, clock });
    await images.start();
    for (const id of ids) {
      const { leaseId } = await store.grantLease(60_000);
      const life = { id, incarnation: `${id}`, host: "h", port: id, listeners: {}, rack: "", leaseId };
      await registerBroker({ ...life, lastBrokerEpoch: await lastBrokerEpochOf(id, { store }) }, { store });
    }
    await images.waitFor(({ brokers }) => brokers.size === 3);
    for (const id of ids) detections.set(id, newDetection(id));
    for (const detection of detections.values()) detection.start();
  });

  afterEach(async () => {
    for (const detection of detections.values()) detection.close();
    expect(clock.nextTimerMs ?? 60_000).toBeGreaterThan(2000);
    images.close();
    await store.close();
  });

  function newDetection(id: BrokerId): FailureDetection {
    const transport = {
      accepts: async ({ port }: BrokerAddress) => !refusing.has(port),
    } as Partial<Transport> as Transport;
    return new FailureDetection(
      { brokerId: id, suspectMs: 1500 },
      {
        images,
        transport,
        clock,
        logger: silentLogger,
        internalClient: { reportSuspects: async (to, report) => detections.get(to)?.reported(report) ?? new Map() },
        brokerEpoch: () => images.image.brokers.get(id)?.brokerEpoch,
        onPeerGone: (life) => gone.push(life),
        onPeerReturned: (life) => returned.push(life),
        onAgreed: (suspects) => agreed.set(id, suspects),
      },
    );
  }

  /** Brokers hear of one another for a while, but for what `isHeard` leaves out. */
  async function pass(ms: number, isHeard: (by: BrokerId, peer: BrokerId) => boolean = () => true): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      for (const [by, detection] of detections) {
        for (const peer of ids) if (peer !== by && isHeard(by, peer)) detection.heardFrom(peer, undefined);
      }
      clock.advance(50);
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
    }
  }

  function agreedBy(id: number): number[] {
    return [...(agreed.get(brokerId(id))?.keys() ?? [])];
  }

  it("agrees on nobody while all hear one another", async () => {
    await pass(5000);
    expect([agreed.size, gone]).toEqual([0, []]);
  });

  it("agrees at the lowest id that is left, where there is no controller, as soon as two find an address closed", async () => {
    refusing.add(1);
    for (const id of [2, 3]) detections.get(brokerId(id))?.streamEnded(brokerId(1));
    await pass(50, (by, peer) => by !== 1 && peer !== 1);
    expect([agreedBy(2), agreedBy(3)]).toEqual([[1], []]);
    expect(gone.map(({ broker }) => broker)).toEqual([1, 1]);
    expect(detections.get(brokerId(2))?.isElector).toBe(true);
  });

  it("agrees on one that is silent after the suspect time, and takes it back when it is heard", async () => {
    await pass(2000, (by, peer) => by !== 3 && peer !== 3);
    expect(agreedBy(1)).toEqual([3]);
    expect(detections.get(brokerId(1))?.isReachable(brokerId(3))).toBe(false);
    await pass(500);
    expect(agreedBy(1)).toEqual([]);
  });

  it("tells all who hear nothing of it that a majority agrees: nobody waits for it until it is heard", async () => {
    const brokerEpoch = images.image.brokers.get(brokerId(3))?.brokerEpoch ?? 0;
    await pass(2500, (by, peer) => by !== 3 && peer !== 3);
    // Who counts the votes, and who was answered.
    expect(gone).toEqual(Array(2).fill({ broker: 3, brokerEpoch }));
    expect(returned).toEqual([]);
    await pass(500);
    expect([gone.length, returned]).toEqual([2, Array(2).fill({ broker: 3, brokerEpoch })]);
  });

  it("counts one that a majority suspects as there where it is heard", async () => {
    await pass(4000, (by, peer) => peer !== 3 || by === 2);
    expect(gone).toEqual([]);
  });

  it("deposes nobody by the word of one", async () => {
    refusing.add(1);
    refusing.add(2);
    for (const id of [1, 2]) detections.get(brokerId(3))?.streamEnded(brokerId(id));
    await pass(3000, (by) => by !== 3);
    expect(agreed.size).toBe(0);
  });

  it("passes on that a broker says that it stops", () => {
    const brokerEpoch = images.image.brokers.get(brokerId(2))?.brokerEpoch ?? 0;
    detections.get(brokerId(1))?.stopping(brokerId(2), brokerEpoch - 1);
    expect(gone).toEqual([]);
    detections.get(brokerId(1))?.stopping(brokerId(2), brokerEpoch);
    expect(gone).toEqual([{ broker: 2, brokerEpoch }]);
  });
});
