/** Draws from a seed which faults happen when. Each fault is drawn whole, so that leaving one out changes no other. */

import { Chance } from "../kernel/chance.js";
import type { Fault, FaultType, PlannedFault } from "./fault.js";
import { faultTypes, type SwarmOptions } from "./swarm-options.js";

/** Faults are planned for so long, in milliseconds; a run that is over before leaves the rest. */
const horizonMs = 120_000;

export function drawFaultPlan(seed: number, options: SwarmOptions): PlannedFault[] {
  const chance = new Chance(seed, "faults");
  const types = faultTypes.flatMap((type) => new Array<FaultType>(options.faultWeights[type]).fill(type));
  const plan: PlannedFault[] = [];
  if (types.length === 0) return plan;
  for (let atMs = 0; atMs < horizonMs; ) {
    atMs += chance.between(0, 2 * options.faultIntervalMs);
    plan.push({ atMs, fault: drawFault(chance.pick(types), chance, options) });
  }
  return plan;
}

function drawFault(type: FaultType, chance: Chance, options: SwarmOptions): Fault {
  const broker = chance.integer(1, options.brokers);
  const downMs = drawDuration(chance);
  const durationMs = drawDuration(chance);
  switch (type) {
    case "kill":
    case "powerLoss":
      return { type, brokers: drawBrokers(chance, options), downMs };
    case "powerLossInWrite":
      return { type, broker, operations: chance.integer(1, 60), downMs };
    case "killInStart":
      return { type, broker, hasPowerLoss: chance.happens(0.7), operations: chance.integer(1, 60), downMs };
    case "killWhileFenced":
      return { type, broker, hasPowerLoss: chance.happens(0.7), afterMs: chance.between(0, 50), downMs };
    case "stop":
    case "diskLoss":
    case "diskRestore":
      return { type, broker, downMs };
    case "pause":
    case "isolate":
      return { type, broker, durationMs };
    case "cut":
      return { type, ...drawLink(chance, options, broker), isBothWays: chance.happens(0.5), durationMs };
    case "clog":
      return { type, ...drawLink(chance, options, broker), delayMs: chance.between(10, 1000), durationMs };
    case "diskFull":
      return { type, broker, roomBytes: chance.integer(0, 8192), durationMs };
    case "diskFailure": {
      const operation = chance.pick(["write", "syncData", "syncDirectory"] as const);
      return { type, broker, operation, isCopied: chance.happens(0.5), durationMs, downMs };
    }
    case "bitRot":
      return { type, broker, place: chance.fraction(), durationMs, downMs };
    case "reset": {
      const { from, to } = drawLink(chance, options, broker);
      return { type, one: from, other: to };
    }
    case "quorumLoss":
      return { type, durationMs };
    case "answerLoss":
      return { type, probability: chance.between(0.1, 0.9), durationMs };
    case "compaction":
      return { type };
    case "storeRestore":
      return { type, ageMs: durationMs, adoptAfterMs: drawDuration(chance) };
    case "watchBreak":
    case "diskCopy":
      return { type, broker };
    case "wallClockJump":
      return { type, broker, errorMs: chance.between(-3_600_000, 3_600_000) };
  }
}

/** Mostly short, sometimes longer than every lease. */
function drawDuration(chance: Chance): number {
  return chance.happens(0.2) ? chance.between(1000, 12_000) : chance.between(1, 2000);
}

function drawBrokers(chance: Chance, { brokers }: SwarmOptions): number[] {
  const all = Array.from({ length: brokers }, (_, index) => index + 1);
  if (chance.happens(0.1)) return all;
  if (chance.happens(0.8)) return [chance.pick(all)];
  const spared = chance.pick(all);
  return all.filter((id) => id !== spared);
}

/** From a broker to another broker or to the store, or the other way. */
function drawLink(chance: Chance, { brokers }: SwarmOptions, broker: number): { from: string; to: string } {
  const others = Array.from({ length: brokers }, (_, index) => `broker-${index + 1}`);
  const ends = [`broker-${broker}`, chance.pick([...others.filter((name) => name !== `broker-${broker}`), "etcd"])];
  if (chance.happens(0.5)) ends.reverse();
  return { from: ends[0] as string, to: ends[1] as string };
}
