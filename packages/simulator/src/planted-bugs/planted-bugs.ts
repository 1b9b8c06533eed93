/**
 * Bugs that the simulator must find: each breaks one rule of the replication protocol, by a change of the source text. The last ones
 * were no plants: the simulator found them in the code as it was written.
 *
 * They are planted into a copy that is bundled for the purpose (`scripts/planted-bugs.mjs`); the code that ships has no switch for
 * them. A text that is not found exactly once is an error, so that a bug never silently stops being planted.
 */

import type { FaultType } from "../faults/fault.js";

export interface SourceChange {
  /** Path from the root of the repository. */
  readonly file: string;
  /** Text that is there exactly once. */
  readonly search: string;
  readonly replacement: string;
}

export interface PlantedBug {
  readonly id: string;
  /** The rule that it breaks. */
  readonly rule: string;
  /** Faults of the runs that look for it, where runs with all of them find it too seldom. Default: each seed draws its own. */
  readonly mix?: readonly FaultType[];
  readonly changes: readonly SourceChange[];
}

export const plantedBugs: readonly PlantedBug[] = [
  {
    id: "truncate-to-high-watermark",
    rule: "the high watermark never chooses a truncation point",
    changes: [
      {
        file: "packages/replication/src/follower-role.ts",
        search: `    if (event.leader !== this.leader || this.#activity === "settling") return [];
`,
        replacement: `    if (event.leader !== this.leader || this.#activity === "settling") return [];
    if (this.#activity === "disconnected" && this.#highWatermark < this.#placedOffset) {
      this.#activity = "settling";
      return [{ type: "truncateLog", leaderEpoch: this.leaderEpoch, endOffset: this.#highWatermark }];
    }
`,
      },
    ],
  },
  {
    id: "no-epoch-check",
    rule: "leader epochs are checked on every replication message, in both directions, and say where logs part",
    changes: [
      {
        file: "packages/replication/src/log-divergence.ts",
        search: "if (lastEpoch !== undefined && epochEnd !== undefined) {",
        replacement: "if (false) {",
      },
      {
        file: "packages/replication/src/partition-state-machine.ts",
        search: "if (leaderEpoch === undefined || leaderEpoch <= (this.#newestEpoch ?? -1)) return [];",
        replacement: "return [];",
      },
      {
        file: "packages/replication/src/leader-replicas.ts",
        search: "if (event.leaderEpoch < this.#log.leaderEpoch) {",
        replacement: "if (false) {",
      },
      {
        file: "packages/replication/src/follower-role.ts",
        search: "return event.leader === this.leader && event.leaderEpoch === this.leaderEpoch;",
        replacement: "return event.leader === this.leader;",
      },
    ],
  },
  {
    id: "high-watermark-over-confirmed",
    rule: "the high watermark counts with the maximal in-sync replicas",
    changes: [
      {
        file: "packages/replication/src/in-sync-replicas.ts",
        search: "return [...inSyncReplicas, ...added.filter((replica) => !inSyncReplicas.includes(replica))];",
        replacement: "return added.length < 0 ? added : inSyncReplicas;",
      },
    ],
  },
  {
    id: "gate-counts-unconfirmed",
    rule: "the gate counts confirmed members only",
    changes: [
      {
        file: "packages/replication/src/in-sync-replicas.ts",
        search: "return this.#confirmed.inSyncReplicas.length >= this.#membersMin;",
        replacement: "return this.#maximal.length >= this.#membersMin;",
      },
    ],
  },
  {
    id: "gate-ignores-eligible",
    rule: "the high watermark stands while replicas are eligible that are not in sync",
    changes: [
      {
        file: "packages/replication/src/in-sync-replicas.ts",
        search: "return this.hasEnough && this.#confirmed.eligibleLeaderReplicas.length === 0;",
        replacement: "return this.hasEnough;",
      },
    ],
  },
  {
    id: "change-without-compare",
    rule: "replica sets change by compare-and-set on the version of the partition",
    changes: [
      {
        file: "packages/cluster/src/partition-writes.ts",
        search:
          '    this.#compares.push({ key: keyOf(write.partition), target: "modRevision", equals: write.partition.version });\n',
        replacement: "",
      },
      {
        file: "packages/cluster/src/replica-sets-plan.ts",
        search:
          "return isLeader && partition.leaderEpoch === change.leaderEpoch && partition.version === change.version;",
        replacement: "return isLeader && partition.leaderEpoch === change.leaderEpoch;",
      },
    ],
  },
  {
    id: "acknowledge-by-offset",
    rule: "an append is identified by epoch and offset: a new epoch fails what is pending",
    changes: [
      {
        file: "packages/replication/src/leader-appends.ts",
        search: "export interface LeaderAppendsDependencies {",
        replacement: `const kept = new WeakMap<object, PendingAppends>();

export interface LeaderAppendsDependencies {`,
      },
      {
        file: "packages/replication/src/leader-appends.ts",
        search: "readonly #pending = new PendingAppends();",
        replacement: "readonly #pending: PendingAppends;",
      },
      {
        file: "packages/replication/src/leader-appends.ts",
        search: "    this.#errors = dependencies.errors;\n",
        replacement: `    this.#errors = dependencies.errors;
    this.#pending = kept.get(dependencies.errors) ?? new PendingAppends();
    kept.set(dependencies.errors, this.#pending);
`,
      },
      {
        file: "packages/replication/src/leader-role.ts",
        search: "return [...this.failAppends(reason), ...this.#fetches.rejectAll(fetchError)];",
        replacement: "return reason === '' ? [] : this.#fetches.rejectAll(fetchError);",
      },
    ],
  },
  {
    id: "lease-as-lock",
    rule: "a change of replica sets counts when the store has taken it, not because the leader holds its lease",
    changes: [
      {
        file: "packages/replication/src/in-sync-replicas.ts",
        search: "    this.#proposed = proposal;\n",
        replacement: `    this.#proposed = proposal;
    this.#confirmed = { ...this.#confirmed, ...proposal };
`,
      },
    ],
  },
  {
    id: "high-watermark-by-log-end",
    rule: "where flush=always a replica acknowledges what is flushed",
    changes: [
      {
        file: "packages/broker/src/partition/partition-runtime.ts",
        search: 'return this.#log.config.flush === "always" ? flushedOffset : logEndOffset;',
        replacement: "return flushedOffset < 0 ? flushedOffset : logEndOffset;",
      },
      {
        file: "packages/broker/src/partition/partition-followers.ts",
        search: 'ackedOffset: log.config.flush === "always" ? flushedOffset : fetchOffset,',
        replacement: "ackedOffset: fetchOffset,",
      },
    ],
  },
  {
    id: "epoch-resumed-in-new-life",
    rule: "a broker leads under no other registration than the one that it was elected with",
    changes: [
      {
        file: "packages/broker/src/partition/partition-registry.ts",
        search: "return partition.leader === this.#brokerId && partition.leaderBrokerEpoch === this.#brokerEpoch;",
        replacement: "return partition.leader === this.#brokerId;",
      },
    ],
  },
  {
    id: "verdict-not-persisted",
    rule: "a lossy verdict is durable before recovery cuts a byte",
    mix: ["diskCopy", "diskRestore", "killWhileFenced"],
    changes: [
      {
        file: "packages/log/src/lossy-partitions.ts",
        search: "    if (added.length > 0) await table.save();\n",
        replacement: "",
      },
      {
        file: "packages/log/src/lossy-partitions.ts",
        search: "    return this.#table.set(name, logEndOffset);",
        replacement: "    this.#table.put(name, logEndOffset);\n    return Promise.resolve();",
      },
    ],
  },
  {
    id: "recovery-point-not-lowered",
    rule: "a truncation lowers the recovery point first",
    changes: [
      {
        file: "packages/log/src/log-changes.ts",
        search: "      await this.#writer.lowerRecoveryPoint(offset(baseOffset));\n",
        replacement: "",
      },
    ],
  },
  {
    id: "restored-disk-stays-in-sync",
    rule: "a disk that is older than the last registration of its broker may have lost anything",
    changes: [
      {
        file: "packages/log/src/lossy-verdict.ts",
        search:
          'if (lastBrokerEpoch !== undefined && (life === undefined || life.brokerEpoch < lastBrokerEpoch)) return "superseded";',
        replacement: "",
      },
    ],
  },
  {
    id: "watch-misses-a-change",
    rule: "who watches the cluster is told of every change",
    changes: [
      {
        file: "packages/broker/src/cluster/metadata.ts",
        search: "...delta.partitionsChanged.map(topicOf)",
        replacement: "...delta.partitionsChanged.slice(1).map(topicOf)",
      },
    ],
  },
  {
    id: "admitted-below-epoch-start",
    rule: "a replica joins the in-sync ones when it has all below the start of the epoch too",
    changes: [
      {
        file: "packages/replication/src/leader-replicas.ts",
        search: "return ackedOffset >= this.highWatermark && ackedOffset >= this.#log.epochStartOffset;",
        replacement: "return ackedOffset >= this.highWatermark;",
      },
    ],
  },
  {
    id: "stream-breaks-without-in-sync-followers",
    rule: "a replica that is alone in sync serves those that catch up",
    changes: [
      {
        file: "packages/broker/src/partition/recent-batches.ts",
        search:
          "while (this.#head < this.#batches.length && (this.#batches[this.#head] as RecentBatch).endOffset <= offsetOfAll) {",
        replacement: "while ((this.#batches[this.#head]?.endOffset ?? Number.POSITIVE_INFINITY) <= offsetOfAll) {",
      },
    ],
  },
  {
    id: "returned-follower-stays-out",
    rule: "a follower that was taken for gone takes part again",
    changes: [
      {
        file: "packages/broker/src/cluster-peers.ts",
        search: "    this.#attached?.followerStreams.cut(life.broker, life.brokerEpoch);\n",
        replacement: "",
      },
      // Whom the leader has refused asks again as well: either is enough by itself.
      {
        file: "packages/replication/src/leader-replicas.ts",
        search: "return wasServed ? [this.#refuse(replica, this.#errors.leaderNotAvailable())] : [];",
        replacement: "return wasServed ? [] : [];",
      },
    ],
  },
  {
    id: "registration-of-a-restored-store",
    rule: "a broker that finds its last registration forgotten begins anew with the restored store",
    mix: ["storeRestore", "kill", "watchBreak"],
    changes: [
      {
        file: "packages/broker/src/cluster-membership.ts",
        search: '      if (isSluiceError(error, "STORE_RESTORED")) onStoreRestored(error);\n',
        replacement: "",
      },
    ],
  },
];

/** @throws Error unless the text is there exactly once */
export function plantedIn(source: string, { file, search, replacement }: SourceChange): string {
  const parts = source.split(search);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} places for a planted bug: ${search}`);
  return parts.join(replacement);
}
