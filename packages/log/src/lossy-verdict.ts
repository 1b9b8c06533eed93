/**
 * Whether a replica may have lost what it acknowledged, after a life that did not end in order. Pure.
 *
 * Not lossy: the same start of the machine wrote it (the page cache outlived the process), or its topic flushes always and
 * what was cut is a torn tail, which nobody was told of. Either holds only for the directory of the life that was registered
 * last: an older one is a restored or swapped disk. Everything else is lossy.
 */

import type { BrokerLife } from "./directory-meta.js";
import type { FlushPolicy } from "./recovery-points.js";

export interface LossyVerdictFacts {
  /** The last life ended in order, and closed this partition. */
  readonly wasClosed: boolean;
  /** The life that wrote last; undefined where that is not known. */
  readonly life: BrokerLife | undefined;
  /** Of the running kernel; empty where it is not known. */
  readonly bootId: string;
  /** Epoch of the last registration, as the cluster knows it; undefined where nobody asked. */
  readonly lastBrokerEpoch: number | undefined;
  /** How the topic flushed since the recovery point. */
  readonly flush: FlushPolicy;
  /** Recovery cut nothing, or the end of the last segment with no good batch behind the cut. */
  readonly isTornTailAtMost: boolean;
}

export function isLossy(facts: LossyVerdictFacts): boolean {
  if (facts.wasClosed) return false;
  const { life, lastBrokerEpoch } = facts;
  if (life === undefined) return true;
  if (lastBrokerEpoch !== undefined && life.brokerEpoch < lastBrokerEpoch) return true;
  if (facts.bootId !== "" && life.bootId === facts.bootId) return false;
  return facts.flush !== "always" || !facts.isTornTailAtMost;
}
