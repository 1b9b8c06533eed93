/**
 * What kind of run a seed makes: sizes, speeds and how likely each fault is. Drawn anew for each seed, so that some runs have nothing
 * but crashes, some only a bad network, and some everything.
 */

import type { DiskSpeed } from "../disk/simulated-file-system.js";
import { Chance } from "../kernel/chance.js";
import type { Latency } from "../network/link.js";
import type { FaultType } from "./fault.js";

export interface TopicOptions {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface SwarmOptions {
  readonly brokers: number;
  readonly topics: readonly TopicOptions[];
  /** Producers for each partition with acks=all. */
  readonly producers: number;
  /** Whether one producer of each topic sends with acks=1 too. */
  readonly hasLeaderAcks: boolean;
  readonly inFlightMax: number;
  readonly pauseMsMax: number;
  readonly latency: Latency;
  /** Between a broker and etcd. */
  readonly storeLatency: Latency;
  readonly diskSpeed: DiskSpeed;
  readonly brokerLeaseMs: number;
  readonly brokerSuspectMs: number;
  readonly replicaLagMs: number;
  readonly storeTimeoutMs: number;
  /** Mean time between two changes of `min.insync.replicas` of a topic, in milliseconds; undefined: it stays. */
  readonly settingsIntervalMs: number | undefined;
  /** Mean time between two faults, in milliseconds. */
  readonly faultIntervalMs: number;
  /** How often each fault is drawn, compared with the others; 0: never. */
  readonly faultWeights: Readonly<Record<FaultType, number>>;
}

/** Weights where a seed has that fault at all. */
const weights: Readonly<Record<FaultType, number>> = {
  kill: 10,
  powerLoss: 8,
  powerLossInWrite: 5,
  killInStart: 5,
  killWhileFenced: 5,
  stop: 5,
  pause: 8,
  cut: 10,
  isolate: 5,
  clog: 3,
  reset: 4,
  quorumLoss: 2,
  answerLoss: 4,
  compaction: 1,
  watchBreak: 2,
  wallClockJump: 1,
  diskLoss: 4,
  diskCopy: 3,
  diskRestore: 4,
  storeRestore: 1,
  diskFull: 4,
  diskFailure: 3,
  bitRot: 3,
};

/** Of the clusters, those with more brokers than a partition has replicas. */
const largeShare = 0.15;
/** Of the seeds that would have it: a restored store stops all work until every broker is there. */
const restoreShare = 0.5;

export const faultTypes = Object.keys(weights) as readonly FaultType[];

/** Faults by their names. @throws Error where there is none of that name; undefined where there are no names */
export function faultMixOf(names: readonly string[]): readonly FaultType[] | undefined {
  if (names.length === 0) return undefined;
  return names.map((name) => {
    const type = faultTypes.find((known) => known === name);
    if (type === undefined) throw new Error(`there is no fault '${name}', but ${faultTypes.join(", ")}`);
    return type;
  });
}

/** @param mix the faults that there are, each as likely as the others. Default: the seed draws that too */
export function drawSwarmOptions(seed: number, mix?: readonly FaultType[]): SwarmOptions {
  const chance = new Chance(seed, "swarm");
  const latencyMsMin = chance.between(0.05, 0.5);
  const syncMsMin = chance.between(0.02, 1);
  return {
    brokers: chance.happens(largeShare) ? 5 : 3,
    topics: drawTopics(chance),
    producers: chance.integer(1, 2),
    hasLeaderAcks: chance.happens(0.4),
    inFlightMax: chance.integer(1, 4),
    pauseMsMax: chance.between(5, 100),
    latency: { msMin: latencyMsMin, msMax: latencyMsMin + chance.between(0.1, 5) },
    storeLatency: drawStoreLatency(chance),
    diskSpeed: { syncMsMin, syncMsMax: syncMsMin + chance.between(0.1, 10) },
    brokerLeaseMs: chance.integer(1, 4) * 1000,
    brokerSuspectMs: chance.integer(300, 1500),
    replicaLagMs: chance.integer(500, 3000),
    storeTimeoutMs: chance.integer(500, 3000),
    settingsIntervalMs: chance.happens(0.4) ? chance.between(300, 2000) : undefined,
    faultIntervalMs: chance.between(60, 900),
    faultWeights: mix === undefined ? drawWeights(chance) : weightsOf(mix),
  };
}

/** Mostly that of the network, sometimes so slow that much happens while a change of replica sets is under way. */
function drawStoreLatency(chance: Chance): Latency {
  const msMin = chance.between(0.05, 0.5);
  return { msMin, msMax: msMin + (chance.happens(0.3) ? chance.between(20, 80) : chance.between(0.1, 5)) };
}

function drawTopics(chance: Chance): TopicOptions[] {
  const topics = [drawTopic(chance, "ledger", { flush: "always", "min.insync.replicas": "2" })];
  if (chance.happens(0.4)) topics.push(drawTopic(chance, "events", { flush: "os", "min.insync.replicas": "2" }));
  if (chance.happens(0.15)) topics.push(drawTopic(chance, "metrics", { flush: "always", "min.insync.replicas": "1" }));
  return topics;
}

/** Some with segments of a few batches, so that what is cut goes over their bounds. */
function drawTopic(chance: Chance, name: string, configs: Readonly<Record<string, string>>): TopicOptions {
  const segments = chance.happens(0.4) ? { "segment.bytes": String(chance.integer(1024, 4096)) } : {};
  return { name, partitions: 1, replicationFactor: 3, configs: { ...configs, ...segments } };
}

function weightsOf(mix: readonly FaultType[]): Record<FaultType, number> {
  const drawn = faultTypes.map((type): [FaultType, number] => [type, mix.includes(type) ? 1 : 0]);
  return Object.fromEntries(drawn) as Record<FaultType, number>;
}

function drawWeights(chance: Chance): Record<FaultType, number> {
  const share = chance.between(0.2, 1);
  const shareOf = (type: FaultType): number => (type === "storeRestore" ? share * restoreShare : share);
  const drawn = faultTypes.map((type): [FaultType, number] => [
    type,
    chance.happens(shareOf(type)) ? weights[type] : 0,
  ]);
  return Object.fromEntries(drawn) as Record<FaultType, number>;
}
