/**
 * Whether a cluster store is the one that a broker has worked with, or was restored from a backup since (P34).
 *
 * A backup has forgotten elections, and gives their leader epochs and revisions away a second time. Who acted upon what it has
 * forgotten sees that: the store is older than that, or says something else of an epoch that is known. From then on the store says
 * so itself, and no broker has a role, also none that was not there: it could be elected without what was acknowledged since.
 * An operator ends that, and with it that history of the store: in the next one nothing of what was known counts.
 */

import type { BrokerId } from "@sluice/model";
import type { ClusterImage, PartitionImage } from "./cluster-image.js";
import { historyKey } from "./cluster-keys.js";
import { formatHistoryValue } from "./cluster-values.js";
import type { PlannedTransaction } from "./planned-transaction.js";
import { changedKeys } from "./shared-map.js";

/** What a broker has acted upon. */
export interface ActedUpon {
  /** The history that it knows. */
  readonly history: {
    readonly number: number;
    /** Newest revision. */
    readonly revision: number;
    /** Last registration of this broker; 0: there was none. */
    readonly brokerEpoch: number;
    /** It has found before that the store was restored. */
    readonly isRestored: boolean;
  };
  /** The newest epoch of a partition; undefined: none is known. */
  get(partition: PartitionImage): KnownLeaderEpoch | undefined;
}

export interface KnownLeaderEpoch {
  readonly leaderEpoch: number;
  /** Registration of the leader; 0: the epoch has none. */
  readonly leaderBrokerEpoch: number;
}

/** What a broker is to make of an image of the store. */
export type HistoryVerdict =
  /** Nothing contradicts what it knows. */
  | { readonly type: "same" }
  /** An operator has accepted what was restored: what was known counts no more. */
  | { readonly type: "next" }
  /** `reason`: part of a sentence about the store. */
  | { readonly type: "restored"; readonly reason: string };

/**
 * Compares an image with what a broker has acted upon.
 *
 * @param options.before an image that was compared before, and was the same; undefined: none was, and this one was listed
 */
export function compareHistory(
  image: ClusterImage,
  acted: ActedUpon,
  { self, before }: { readonly self: BrokerId; readonly before?: ClusterImage | undefined },
): HistoryVerdict {
  const { history } = image;
  const { number, revision, brokerEpoch, isRestored } = acted.history;
  if (history.isRestored) return restored("a broker has found that it was restored");
  if (history.number > number) return { type: "next" };
  if (history.number < number) return restored(`it is in history ${history.number}, and ${number} has begun`);
  if (isRestored) return restored("this broker has found so before");
  // A watch may still be on its way to a revision that is known from an answer; a listing cannot be.
  if (before === undefined && image.revision < revision) {
    return restored(`it is at revision ${image.revision}, and ${revision} was acted upon`);
  }
  const registered = image.lastRegistrations.get(self)?.brokerEpoch ?? 0;
  if (before === undefined && registered < brokerEpoch) {
    return restored(`it knows of registration ${registered} of this broker, and ${brokerEpoch} was its last`);
  }
  for (const partition of partitionsOf(image, { self, before })) {
    const reason = contradiction(partition, acted.get(partition));
    if (reason !== undefined) return restored(`partition ${partition.topicId}-${partition.partition}: ${reason}`);
  }
  return { type: "same" };
}

/** Partitions of topics of which that broker keeps a replica, and that are not as they were. */
export function* partitionsOf(
  image: ClusterImage,
  { self, before }: { readonly self: BrokerId; readonly before?: ClusterImage | undefined },
): Iterable<PartitionImage> {
  const ids = before === undefined ? image.topicsById.keys() : changedKeys(before.topicsById, image.topicsById);
  for (const id of ids) {
    const earlier = before?.topicsById.get(id)?.partitions;
    for (const partition of image.topicsById.get(id)?.partitions ?? []) {
      if (earlier?.[partition.partition] === partition) continue;
      if (partition.replicas.includes(self)) yield partition;
    }
  }
}

/** Says in the store that it was restored, so that no broker takes a role. Undefined where it says so already. */
export function planRestoreNotice(image: ClusterImage, numberKnown: number): PlannedTransaction | undefined {
  const { number, isRestored, version } = image.history;
  if (isRestored) return undefined;
  const value = formatHistoryValue({ number: Math.max(number, numberKnown), state: "restored" });
  return {
    purpose: "noting that the cluster store was restored",
    compares: [{ key: historyKey, target: "modRevision", equals: version }],
    operations: [{ type: "put", key: historyKey, value }],
  };
}

function contradiction(partition: PartitionImage, known: KnownLeaderEpoch | undefined): string | undefined {
  if (known === undefined) return undefined;
  const { leaderEpoch, leaderBrokerEpoch } = partition;
  if (leaderEpoch < known.leaderEpoch) {
    return `it has leader epoch ${leaderEpoch}, and ${known.leaderEpoch} was acted upon`;
  }
  if (leaderEpoch > known.leaderEpoch || leaderBrokerEpoch === known.leaderBrokerEpoch) return undefined;
  return `leader epoch ${leaderEpoch} is of registration ${leaderBrokerEpoch}, and was of ${known.leaderBrokerEpoch}`;
}

function restored(reason: string): HistoryVerdict {
  return { type: "restored", reason };
}
