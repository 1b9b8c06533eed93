/**
 * Whether a replica may have lost what it acknowledged, after a life that did not end in order. Pure.
 *
 * Not lossy: the same start of the machine wrote it (the page cache outlived the process), or its topic flushes always and
 * what was cut is a torn tail, which nobody was told of. Either holds only for the directory of the life that was registered
 * last: an older one is a restored or swapped disk. Everything else is lossy.
 */

import type { BrokerLife } from "./directory-meta.js";
import type { FlushPolicy } from "./recovery-points.js";

/**
 * What is known of the life that wrote last. `outlived`: the machine has not stopped since. `crashed`: it has, or may have.
 * `superseded`: it is not the one that was registered last, so this is another disk. `unknown`: there is no trace of it.
 */
export type LastLife = "outlived" | "crashed" | "superseded" | "unknown";

export interface LastLifeFacts {
  /** The life that wrote last; undefined where that is not known. */
  readonly life: BrokerLife | undefined;
  /** Of the running kernel; empty where it is not known. */
  readonly bootId: string;
  /** Epoch of the last registration, as the cluster knows it; undefined where nobody asked, or there was none. */
  readonly lastBrokerEpoch: number | undefined;
}

export function lastLifeOf({ life, bootId, lastBrokerEpoch }: LastLifeFacts): LastLife {
  if (lastBrokerEpoch !== undefined && (life === undefined || life.brokerEpoch < lastBrokerEpoch)) return "superseded";
  if (life === undefined) return "unknown";
  return bootId !== "" && life.bootId === bootId ? "outlived" : "crashed";
}

export interface CrashedReplicaFacts {
  /** How the topic flushed since the recovery point. */
  readonly flush: FlushPolicy;
  /** Recovery cut nothing, or the end of the last segment with no good batch behind the cut. */
  readonly isTornTailAtMost: boolean;
}

/** Whether a power loss may have cost a replica, that was not closed in order, what it acknowledged. */
export function isLossyAfterCrash({ flush, isTornTailAtMost }: CrashedReplicaFacts): boolean {
  return flush !== "always" || !isTornTailAtMost;
}
