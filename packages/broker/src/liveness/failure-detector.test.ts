import { brokerId } from "@sluice/model";
import { beforeEach, describe, expect, it } from "vitest";
import { type DetectorEffect, FailureDetector } from "./failure-detector.js";

const suspectMs = 1500;
const two = brokerId(2);
const three = brokerId(3);
const lives = [
  { broker: two, brokerEpoch: 20 },
  { broker: three, brokerEpoch: 30 },
];

describe("FailureDetector", () => {
  let detector: FailureDetector;
  let nowMs: number;

  beforeEach(() => {
    nowMs = 1000;
    detector = new FailureDetector({ suspectMs }, nowMs);
    detector.step({ type: "peersChanged", peers: lives, nowMs });
  });

  /** Runs the detector as its timer does, hearing from `heard` before each tick. Returns what it told of suspects. */
  function pass(ms: number, heard: readonly (typeof two)[]): DetectorEffect[] {
    const effects: DetectorEffect[] = [];
    const endMs = nowMs + ms;
    while (detector.wakeAtMs <= endMs) {
      nowMs = detector.wakeAtMs;
      for (const peer of heard)
        effects.push(...detector.step({ type: "heardFrom", peer, brokerEpoch: undefined, nowMs }));
      effects.push(...detector.step({ type: "ticked", nowMs }));
    }
    nowMs = endMs;
    return effects;
  }

  function suspectedIds(): number[] {
    return detector.suspects.map(({ broker }) => broker);
  }

  it("suspects nobody whom it hears", () => {
    expect(pass(10_000, [two, three])).toEqual([]);
    expect([detector.isReachable(two), detector.isReachable(three)]).toEqual([true, true]);
  });

  it("takes one for silent after the suspect time, and says so until it is heard", () => {
    pass(suspectMs - 300, [three]);
    expect(suspectedIds()).toEqual([]);
    expect(pass(300, [three])).toContainEqual({
      type: "suspectsTold",
      suspects: [{ broker: two, brokerEpoch: 20, isGone: false }],
    });
    expect(detector.isReachable(two)).toBe(false);
    const told = pass(1000, [three]).filter(({ type }) => type === "suspectsTold");
    expect(told).toHaveLength(4);
    expect(detector.step({ type: "heardFrom", peer: two, brokerEpoch: 20, nowMs })).toEqual([
      { type: "suspectsTold", suspects: [] },
    ]);
    expect(pass(1000, [two, three])).toEqual([]);
  });

  it("takes one for gone at once when its stream ended and its address refuses", () => {
    expect(detector.step({ type: "streamEnded", peer: two, nowMs })).toEqual([
      { type: "probe", broker: two, brokerEpoch: 20 },
    ]);
    expect(detector.step({ type: "probed", peer: two, brokerEpoch: 20, accepts: false, nowMs })).toEqual([
      { type: "peerGone", broker: two, brokerEpoch: 20 },
      { type: "suspectsTold", suspects: [{ broker: two, brokerEpoch: 20, isGone: true }] },
    ]);
  });

  it("says so when one that it took for gone is heard again", () => {
    detector.step({ type: "streamEnded", peer: two, nowMs });
    detector.step({ type: "probed", peer: two, brokerEpoch: 20, accepts: false, nowMs });
    const returned = { type: "peerReturned", broker: two, brokerEpoch: 20 };
    expect(detector.step({ type: "heardFrom", peer: two, brokerEpoch: 20, nowMs })).toContainEqual(returned);
    expect(detector.step({ type: "heardFrom", peer: two, brokerEpoch: 20, nowMs })).not.toContainEqual(returned);
  });

  it("takes a silent one for gone when a majority agrees, once, and none that it hears", () => {
    const convicted = { type: "convicted", peer: two, brokerEpoch: 20 } as const;
    expect(detector.step(convicted)).toEqual([]);
    pass(suspectMs, [three]);
    expect(detector.step({ ...convicted, brokerEpoch: 19 })).toEqual([]);
    expect(detector.step(convicted)).toEqual([{ type: "peerGone", broker: two, brokerEpoch: 20 }]);
    expect(detector.step(convicted)).toEqual([]);
    expect(detector.suspects).toEqual([{ broker: two, brokerEpoch: 20, isGone: false }]);
    const heard = { type: "heardFrom", peer: two, brokerEpoch: 20, nowMs } as const;
    expect(detector.step(heard)).toContainEqual({ type: "peerReturned", broker: two, brokerEpoch: 20 });
    expect(detector.step({ ...heard, nowMs: nowMs + 1 })).toEqual([]);
  });

  it("asks the address again while the stream stays away: a listener may close after the streams", () => {
    detector.step({ type: "streamEnded", peer: two, nowMs });
    detector.step({ type: "probed", peer: two, brokerEpoch: 20, accepts: true, nowMs });
    expect(suspectedIds()).toEqual([]);
    expect(pass(60, [three])).toEqual([{ type: "probe", broker: two, brokerEpoch: 20 }]);
    detector.step({ type: "probed", peer: two, brokerEpoch: 20, accepts: false, nowMs });
    expect(suspectedIds()).toEqual([2]);
  });

  it("does not take one for gone that it has heard since it asked", () => {
    detector.step({ type: "streamEnded", peer: two, nowMs });
    detector.step({ type: "heardFrom", peer: two, brokerEpoch: 20, nowMs });
    detector.step({ type: "probed", peer: two, brokerEpoch: 20, accepts: false, nowMs });
    expect(suspectedIds()).toEqual([]);
  });

  it("takes nothing that ends for evidence once a broker said that it stops, but its silence", () => {
    const stopping = { type: "stopping", peer: two, brokerEpoch: 20 } as const;
    expect(detector.step(stopping)).toEqual([{ type: "peerGone", broker: two, brokerEpoch: 20 }]);
    expect(detector.step({ type: "streamEnded", peer: two, nowMs })).toEqual([]);
    expect(pass(suspectMs - 500, [three])).toEqual([]);
    expect(detector.isReachable(two)).toBe(false);
    pass(500, [three]);
    expect(suspectedIds()).toEqual([2]);
  });

  it("counts for silence only what it did not sleep through itself", () => {
    pass(500, [two, three]);
    nowMs += 5000;
    expect(detector.step({ type: "ticked", nowMs })).toEqual([]);
    expect(suspectedIds()).toEqual([]);
    pass(suspectMs, [three]);
    expect(suspectedIds()).toEqual([2]);
  });

  it("suspects one that flaps twice as late each time, and forgives it after a quiet time", () => {
    const delays: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const fromMs = nowMs;
      while (suspectedIds().length === 0) pass(250, [three]);
      delays.push(Math.round((nowMs - fromMs) / suspectMs));
      detector.step({ type: "heardFrom", peer: two, brokerEpoch: 20, nowMs });
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 16]);
    pass(4 * 60_000 + 1000, [two, three]);
    pass(suspectMs, [three]);
    expect(suspectedIds()).toEqual([2]);
  });

  it("forgets a life that is over, and does not take a new one for what it replaced", () => {
    detector.step({ type: "streamEnded", peer: two, nowMs });
    detector.step({ type: "probed", peer: two, brokerEpoch: 20, accepts: false, nowMs });
    const peers = [{ broker: two, brokerEpoch: 21 }];
    expect(detector.step({ type: "peersChanged", peers, nowMs })).toEqual([{ type: "suspectsTold", suspects: [] }]);
    detector.step({ type: "heardFrom", peer: two, brokerEpoch: 20, nowMs: nowMs + 1000 });
    detector.step({ type: "probed", peer: two, brokerEpoch: 20, accepts: false, nowMs });
    expect(suspectedIds()).toEqual([]);
    pass(suspectMs + 250, []);
    expect(detector.suspects).toEqual([{ broker: two, brokerEpoch: 21, isGone: false }]);
  });
});
