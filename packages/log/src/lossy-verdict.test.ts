import { describe, expect, it } from "vitest";
import { isLossy, type LossyVerdictFacts } from "./lossy-verdict.js";

const life = { brokerEpoch: 7, incarnation: "x", bootId: "boot-1" };
const facts: LossyVerdictFacts = {
  wasClosed: false,
  life,
  bootId: "boot-2",
  lastBrokerEpoch: 7,
  flush: "always",
  isTornTailAtMost: true,
};

describe("isLossy", () => {
  it.each<[string, Partial<LossyVerdictFacts>, boolean]>([
    ["a log that was closed in order", { wasClosed: true, life: undefined, flush: "os" }, false],
    ["a killed process under the same kernel, whatever the flush", { bootId: "boot-1", flush: "os" }, false],
    [
      "a killed process under the same kernel, on a disk of an older life",
      { bootId: "boot-1", lastBrokerEpoch: 8 },
      true,
    ],
    ["a power loss, flush=always, a torn tail", {}, false],
    ["a power loss, flush=always, good batches behind the cut", { isTornTailAtMost: false }, true],
    ["a power loss, flush=always, a disk of an older life", { lastBrokerEpoch: 8 }, true],
    ["a power loss, flush=interval", { flush: "interval" }, true],
    ["a power loss, flush=os", { flush: "os" }, true],
    ["a life of which nothing is known", { life: undefined }, true],
    ["kernels of which nothing is known", { bootId: "", life: { ...life, bootId: "" }, flush: "os" }, true],
    ["a cluster that nobody asked", { lastBrokerEpoch: undefined }, false],
  ])("%s", (_, change, expected) => {
    expect(isLossy({ ...facts, ...change })).toBe(expected);
  });
});
