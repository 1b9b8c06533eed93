/**
 * What an invariant is given, and what it is: it is told of everything as it happens and reports what must never be.
 *
 * Numbers and wording are those of the test plan of the project: I1 to I18 are about records and replicas, I25 and I26 about what a
 * cluster comes to when all faults have ended.
 */

import type { ClusterObserver, ObservedCluster } from "../ghost/observed-cluster.js";
import type { History, HistoryListener } from "../workload/history.js";

export interface InvariantContext {
  readonly cluster: ObservedCluster;
  readonly history: History;
  /** What is kept of one partition, read from its leader at the end of the run, by offset: the id of the send. */
  readonly finalRecords: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** Reports a violation. */
  violated(text: string): void;
}

export interface Invariant extends ClusterObserver, HistoryListener {
  /** At the end of the run: everything has healed, and all has been read again. */
  atEnd?(): void;
}

export interface InvariantDefinition {
  /** `I1`, as the test plan counts. */
  readonly id: string;
  /** In words, for the report. */
  readonly title: string;
  readonly create: (context: InvariantContext) => Invariant;
}

/** `topic-partition`, as the history names partitions. */
export function topicPartitionName(place: { readonly topic: string; readonly partition: number }): string {
  return `${place.topic}-${place.partition}`;
}
