/**
 * How a cluster takes up its work with a store that was restored from a backup.
 *
 * Every replica of every partition has said what it has, while no broker had a role, so nothing changes meanwhile. Each partition gets a
 * leader epoch that nobody has ever heard of, no leader, and as in-sync replicas those that have most, by last epoch first:
 * whoever is in an in-sync set has all that was acknowledged, and none of the others can have more than those. The next elections
 * do the rest. When all partitions have their record, one transaction begins the next history, and brokers take roles again.
 *
 * What a crash leaves half done is done again from the beginning: it costs a few more leader epochs.
 */

import { type BrokerId, leaderEpoch } from "@sluice/model";
import type { ClusterImage, PartitionImage } from "./cluster-image.js";
import { historyKey, producerIdsKey } from "./cluster-keys.js";
import {
  formatHistoryValue,
  formatProducerIdsValue,
  type PartitionValue,
  parseProducerIdsValue,
} from "./cluster-values.js";
import { livesStill, PartitionWriteBatches, type PlannedPartitionWrites } from "./partition-writes.js";
import type { PlannedCompare, PlannedTransaction, StoredEntry } from "./planned-transaction.js";
import { storedValueOf } from "./replica-sets.js";
import { longestLog, type ReplicaReport } from "./unclean-election.js";

/**
 * Producer ids that are left out. A backup does not say which were given away since; nobody asks for so many between a backup and
 * its restore, at a million a second not within eleven days, and nine thousand restores leave ids over.
 */
const producerIdStep = 1_000_000_000_000;

/** What a replica has, and what its broker knows of the partition. */
export interface RestoreReport extends ReplicaReport {
  readonly topicId: PartitionImage["topicId"];
  readonly partition: number;
  /** Newest leader epoch that the broker acted upon; undefined: it knows of none. */
  readonly knownEpoch: number | undefined;
}

/** What a broker has answered. */
export interface BrokerReport {
  readonly broker: BrokerId;
  readonly brokerEpoch: number;
  /** The history of the store that it knows. */
  readonly history: number;
  readonly replicas: readonly RestoreReport[];
}

export interface RestoreAdoption {
  /** To be carried out first, in any order. */
  readonly partitions: readonly PlannedPartitionWrites[];
  /** How many partitions they set anew. */
  readonly partitionCount: number;
  /** Begins the next history. */
  readonly finish: PlannedTransaction;
}

/** Brokers that must be there: those that keep replicas, and those that are registered. */
export function brokersToAdopt(image: ClusterImage): BrokerId[] {
  return [...new Set([...image.replicaCounts.keys(), ...image.brokers.keys()])].sort((a, b) => a - b);
}

/** Replicas of partitions of topics of which their broker has not said what it has. */
export function replicasMissing(image: ClusterImage, reports: readonly BrokerReport[]): RestoreReplica[] {
  const here = new Set(reports.flatMap(({ replicas }) => replicas.map(replicaText)));
  const missing: RestoreReplica[] = [];
  for (const { name, partitions } of image.topics.values()) {
    for (const { topicId, partition, replicas } of partitions) {
      for (const replica of replicas) {
        if (!here.has(replicaText({ topicId, partition, replica }))) missing.push({ topic: name, partition, replica });
      }
    }
  }
  return missing;
}

export interface RestoreReplica {
  readonly topic: string;
  readonly partition: number;
  readonly replica: BrokerId;
}

/**
 * What is to be done with these reports; of every replica there is one.
 *
 * @param producerIds what the store holds under `producerIdsKey`; undefined: nothing
 * @throws SluiceError CORRUPT_CLUSTER_KEY
 */
export function planRestoreAdoption(
  image: ClusterImage,
  reports: readonly BrokerReport[],
  producerIds: Pick<StoredEntry, "value" | "modRevision"> | undefined,
): RestoreAdoption {
  // Refused as soon as somebody else acts for the store: nothing that was reported is out of date before that.
  const history: PlannedCompare = { key: historyKey, target: "modRevision", equals: image.history.version };
  const batches = new PartitionWriteBatches({ what: "adopting the replicas of", compares: [history] });
  const reported = reportsByPartition(reports);
  let partitionCount = 0;
  for (const topic of image.topics.values()) {
    for (const partition of topic.partitions) {
      const replicas = reported.get(partitionText(partition)) ?? [];
      const lives = replicas.map(({ replica: id, brokerEpoch }) => livesStill({ id, brokerEpoch }));
      batches.add({ partition, value: adopted(partition, replicas), compares: lives });
      partitionCount += 1;
    }
  }
  const number = Math.max(image.history.number, ...reports.map((report) => report.history)) + 1;
  return { partitions: batches.finish(), partitionCount, finish: planFinish({ number, history, producerIds }) };
}

function planFinish(next: {
  readonly number: number;
  readonly history: PlannedCompare;
  readonly producerIds: Pick<StoredEntry, "value" | "modRevision"> | undefined;
}): PlannedTransaction {
  const { number, history, producerIds } = next;
  const firstId = producerIds === undefined ? 0 : parseProducerIdsValue(producerIdsKey, producerIds.value).next;
  return {
    purpose: `beginning history ${number} of the cluster store`,
    compares: [history, { key: producerIdsKey, target: "modRevision", equals: producerIds?.modRevision ?? 0 }],
    operations: [
      { type: "put", key: historyKey, value: formatHistoryValue({ number, state: "adopted" }) },
      { type: "put", key: producerIdsKey, value: formatProducerIdsValue({ next: firstId + producerIdStep }) },
    ],
  };
}

function adopted(partition: PartitionImage, reports: readonly RestoreReport[]): PartitionValue {
  const best = longestLog(reports);
  const hasMost = (report: RestoreReport): boolean => {
    return report.lastEpoch === best?.lastEpoch && report.logEndOffset === best?.logEndOffset;
  };
  const holders = new Set(reports.filter(hasMost).map(({ replica }) => replica));
  const epochs = reports.flatMap(({ lastEpoch, knownEpoch }) => [lastEpoch ?? 0, knownEpoch ?? 0]);
  return {
    ...storedValueOf(partition),
    leader: undefined,
    leaderBrokerEpoch: 0,
    leaderEpoch: leaderEpoch(Math.max(partition.leaderEpoch, ...epochs) + 1),
    inSyncReplicas: partition.replicas.filter((id) => holders.has(id)),
    eligibleLeaderReplicas: [],
    lastEligibleLeaderReplicas: [],
  };
}

function reportsByPartition(reports: readonly BrokerReport[]): Map<string, RestoreReport[]> {
  const byPartition = new Map<string, RestoreReport[]>();
  for (const report of reports.flatMap(({ replicas }) => replicas)) {
    const known = byPartition.get(partitionText(report));
    if (known === undefined) byPartition.set(partitionText(report), [report]);
    else known.push(report);
  }
  return byPartition;
}

function partitionText({ topicId, partition }: Pick<PartitionImage, "topicId" | "partition">): string {
  return `${topicId}-${partition}`;
}

function replicaText(name: Pick<RestoreReport, "topicId" | "partition" | "replica">): string {
  return `${partitionText(name)} ${name.replica}`;
}
