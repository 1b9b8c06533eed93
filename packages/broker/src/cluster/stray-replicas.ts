/**
 * Removes replicas that were left on this broker's disk when their topic was deleted, or their partition moved, while it was away, or when
 * it could not be told yet that they are of no use.
 *
 * Some while after its start, and then as long as something is left to tell, it reads the store (linearizable) and looks at its disk by an
 * image that is as new. What is a stray in one look and still in the next one is removed; `stray-replicas` of the cluster says why that can cost
 * no record. While the store counts as restored, or this broker does not take part, nothing is looked at. What nobody can judge stays,
 * and is reported once.
 *
 * What the image proves to be of no use while it runs goes at once (`partition-registry`); this confirms deleted topics too, so that the
 * store can forget them.
 */

import { type ClusterImage, deletedTopicKey, historyKey, judgeReplica, type ReplicaVerdict } from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import type { LogDirectory, PartitionOnDisk } from "@sluice/log";
import type { BrokerId, Clock, Timer, TopicId } from "@sluice/model";
import { imageShows } from "../image-wait.js";
import type { Logger } from "../logging.js";
import type { ReplicaName } from "../replication/replica-access.js";

export interface StrayReplicasDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logDirectory: Pick<LogDirectory, "known" | "partitions">;
  readonly storeHistory: { readonly refusesRoles: boolean };
  /** Registration of this broker; undefined while it has none. */
  brokerEpoch(): number | undefined;
  /** Removes a replica from the disk, unless the newest image gives it to this broker. @throws SluiceError DISK_FULL, DISK_FAILED */
  removeStray(name: ReplicaName): Promise<void>;
}

/** Between two looks: so long a stray stays at least, in milliseconds. */
const lookIntervalMs = 60_000;
/** For the image to show what the store holds, in milliseconds. */
const imageWaitMsMax = 10_000;
/** Keys that are removed in one transaction. */
const confirmationsMax = 100;

export class StrayReplicas {
  readonly #brokerId: BrokerId;
  readonly #dependencies: StrayReplicasDependencies;
  #timer: Timer | undefined;
  #isClosed = false;
  /** There may be something on disk that the image does not give to this broker. */
  #mayHaveStrays = true;
  /** Strays that the last look found, by name. */
  #found: ReadonlySet<string> = new Set();
  /** What nobody can judge, and was reported, by name. */
  readonly #reported = new Set<string>();

  constructor(options: { readonly brokerId: BrokerId }, dependencies: StrayReplicasDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  start(): void {
    if (this.#isClosed) return;
    this.#timer = this.#dependencies.clock.setTimer(lookIntervalMs, () => {
      void this.#lookOrReport().then(() => this.start());
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Something may be on disk that the image does not give to this broker any more. */
  replicaTaken(): void {
    this.#mayHaveStrays = true;
  }

  /** Never rejects. */
  async #lookOrReport(): Promise<void> {
    try {
      await this.#look();
    } catch (error) {
      this.#mayHaveStrays = true;
      if (!this.#isClosed)
        this.#dependencies.logger.warn({ err: error }, "replicas on disk could not be looked through");
    }
  }

  async #look(): Promise<void> {
    const { store, images, logDirectory } = this.#dependencies;
    if (!this.#takesPart(images.image)) return;
    if (!this.#mayHaveStrays && this.#deletedTopics(images.image).length === 0) return;
    const { revision } = await store.list(historyKey);
    if (!(await imageShows((image) => image.revision >= revision, imageWaitMsMax, this.#dependencies))) return;
    // As they are before the disk is looked at: only of these it can show that nothing is left.
    const deletedTopics = this.#deletedTopics(images.image);
    // What is taken away meanwhile is for the next look.
    this.#mayHaveStrays = false;
    const onDisk = await logDirectory.partitions();
    const strays = this.#straysAmong(onDisk);
    for (const [name, { replica, reason }] of strays) {
      if (this.#found.has(name)) await this.#remove(replica, reason);
    }
    this.#found = new Set(strays.keys());
    const remaining = new Set(onDisk.map(({ topicId }) => topicId));
    await this.#confirm(deletedTopics.filter((id) => !remaining.has(id)));
  }

  #straysAmong(
    onDisk: readonly PartitionOnDisk[],
  ): Map<string, { readonly replica: PartitionOnDisk; readonly reason: string }> {
    const { logger } = this.#dependencies;
    const strays = new Map<string, { readonly replica: PartitionOnDisk; readonly reason: string }>();
    for (const replica of onDisk) {
      const verdict = this.#judge(replica);
      if (verdict.type === "kept") continue;
      const name = `${replica.topicId}-${replica.partition}`;
      const { reason } = verdict;
      if (verdict.type !== "unknown") this.#mayHaveStrays = true;
      if (verdict.type === "stray") {
        strays.set(name, { replica, reason });
        if (!this.#found.has(name))
          logger.warn({ ...replica, reason }, "a stray replica is on disk, and will be removed");
      } else if (verdict.type === "unknown" && !this.#reported.has(name)) {
        this.#reported.add(name);
        logger.warn({ ...replica, reason }, "a replica on disk is not this broker's: left as it is");
      }
    }
    return strays;
  }

  /** Once more, by the newest image: nothing is removed that it would not call a stray. */
  async #remove(replica: PartitionOnDisk, reason: string): Promise<void> {
    const { images, removeStray, logger } = this.#dependencies;
    if (this.#isClosed || !this.#takesPart(images.image)) return;
    if (this.#judge(replica).type !== "stray") return;
    await removeStray(replica);
    logger.warn({ ...replica, reason }, "stray replica removed");
  }

  #judge({ topicId, partition }: ReplicaName): ReplicaVerdict {
    const { images, logDirectory } = this.#dependencies;
    const known = logDirectory.known.get({ topicId, partition });
    return judgeReplica(images.image, { topicId, partition, known }, this.#brokerId);
  }

  /** Of which this broker has not said yet that it has nothing. */
  #deletedTopics({ deletedTopics }: ClusterImage): TopicId[] {
    return [...deletedTopics].flatMap(([id, brokers]) => (brokers.has(this.#brokerId) ? [id] : []));
  }

  /** Nothing of these topics is here any more: the store need not say any longer that they were deleted. */
  async #confirm(topicIds: readonly TopicId[]): Promise<void> {
    for (let from = 0; from < topicIds.length; from += confirmationsMax) {
      const operations = topicIds.slice(from, from + confirmationsMax).map((id) => {
        return { type: "delete", key: deletedTopicKey(id, this.#brokerId) } as const;
      });
      await this.#dependencies.store.transact([], operations);
    }
  }

  /** In this life it is registered, unfenced, and has no reason to distrust the store. */
  #takesPart(image: ClusterImage): boolean {
    const { storeHistory, brokerEpoch } = this.#dependencies;
    const registration = image.brokers.get(this.#brokerId);
    const isSelf = registration !== undefined && registration.brokerEpoch === brokerEpoch();
    return isSelf && registration.isActive && !image.history.isRestored && !storeHistory.refusesRoles;
  }
}
