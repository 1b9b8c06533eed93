import { describe, expect, it } from "vitest";
import {
  type CrashedReplicaFacts,
  isLossyAfterCrash,
  type LastLife,
  type LastLifeFacts,
  lastLifeOf,
} from "./lossy-verdict.js";

const life = { brokerEpoch: 7, incarnation: "x", bootId: "boot-1" };
const facts: LastLifeFacts = { life, bootId: "boot-1", lastBrokerEpoch: 7 };

describe("lastLifeOf", () => {
  it.each<[string, Partial<LastLifeFacts>, LastLife]>([
    ["a killed process under the same kernel", {}, "outlived"],
    ["a killed process on a disk of an older life", { lastBrokerEpoch: 8 }, "superseded"],
    ["a disk that a newer life wrote than the cluster was told of", { lastBrokerEpoch: 6 }, "outlived"],
    ["an empty disk of a broker that was registered before", { life: undefined }, "superseded"],
    ["an empty disk of a new broker", { life: undefined, lastBrokerEpoch: undefined }, "unknown"],
    ["another kernel", { bootId: "boot-2" }, "crashed"],
    ["kernels of which nothing is known", { bootId: "", life: { ...life, bootId: "" } }, "crashed"],
    ["a cluster that nobody asked", { lastBrokerEpoch: undefined }, "outlived"],
  ])("%s", (_, change, expected) => {
    expect(lastLifeOf({ ...facts, ...change })).toBe(expected);
  });
});

describe("isLossyAfterCrash", () => {
  it.each<[string, CrashedReplicaFacts, boolean]>([
    ["flush=always, a torn tail", { flush: "always", isTornTailAtMost: true }, false],
    ["flush=always, good batches behind the cut", { flush: "always", isTornTailAtMost: false }, true],
    ["flush=interval", { flush: "interval", isTornTailAtMost: true }, true],
    ["flush=os", { flush: "os", isTornTailAtMost: true }, true],
  ])("%s", (_, change, expected) => {
    expect(isLossyAfterCrash(change)).toBe(expected);
  });
});
