/**
 * Whether this broker can trust its cluster store, and what it has acted upon of it (P34).
 *
 * Before anything is done for a new leader epoch or a new block of producer ids, it is recorded on disk that there is one. Where the
 * store contradicts that record, it was restored from a backup: this broker records that, says so in the store, and takes no role
 * until an operator has the cluster go on with what was restored.
 *
 * A broker that trusted the store when it started, and cannot any more, does not go back with it: what it has made of the newer images
 * would be taken apart, replicas that only they know of among it. It is started anew, and looks at the restored store as if it
 * were its first.
 */

import {
  type ClusterImage,
  compareHistory,
  type PartitionImage,
  partitionsOf,
  planRestoreNotice,
} from "@sluice/cluster";
import type { ClusterStore, TransactionResult } from "@sluice/coordination";
import type { LogDirectory } from "@sluice/log";
import { type BrokerId, SluiceError } from "@sluice/model";
import type { Logger } from "./logging.js";
import type { ReplicaName } from "./replication/replica-access.js";

export interface StoreHistoryOptions {
  readonly brokerId: BrokerId;
}

export interface StoreHistoryDependencies {
  readonly logDirectory: Pick<LogDirectory, "known" | "recordKnown">;
  readonly store: ClusterStore;
  readonly logger: Logger;
  /** Called at most once: what was made of the store counts no more. What this broker has of roles is to end before it returns. */
  onDistrusted(error: SluiceError): void;
  /** Called at most once, after `onDistrusted`: that is on disk, and this broker is to be started anew. */
  onStale(error: SluiceError): void;
}

export class StoreHistory {
  readonly #options: StoreHistoryOptions;
  readonly #dependencies: StoreHistoryDependencies;
  #problem: SluiceError | undefined;
  /** The image that was compared last, where the store is trusted. */
  #compared: ClusterImage | undefined;
  /** It was trusted once. */
  #hasBegun = false;
  /** This broker cannot go on with any image. */
  #isStale = false;
  #noticing: Promise<void> | undefined;
  #accepting: Promise<void> | undefined;
  /** The history that is to begin here, and may not be recorded yet. */
  #adopted: number | undefined;
  readonly #waiters = new Set<() => void>();

  constructor(options: StoreHistoryOptions, dependencies: StoreHistoryDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** Why this broker takes no roles: STORE_RESTORED. Undefined: it does. */
  get problem(): SluiceError | undefined {
    return this.#problem;
  }

  get refusesRoles(): boolean {
    return this.#problem !== undefined;
  }

  /** Number of the history that this broker knows. */
  get number(): number {
    return this.#known.history.number;
  }

  /** The newest leader epoch of the partition that was acted upon; undefined: none was. */
  knownEpoch(name: ReplicaName): number | undefined {
    return this.#known.get(name)?.leaderEpoch;
  }

  /** Looks at the first image. @throws SluiceError DISK_FULL, DISK_FAILED */
  async begin(image: ClusterImage): Promise<void> {
    const verdict = compareHistory(image, this.#known, { self: this.#options.brokerId });
    if (verdict.type === "restored") {
      this.#problem = restoredError(verdict.reason);
      this.#known.noteRestored();
      this.#notice(image);
    } else {
      if (verdict.type === "next") this.#known.beginHistory(image.history.number, image.revision);
      this.#trust(image);
    }
    await this.#dependencies.logDirectory.recordKnown();
  }

  /**
   * Looks at every later image, before anything is made of it. What is new in it is on its way to the disk when this returns:
   * `recordKnown` of the log directory waits for it. False: nothing is to be made of this image.
   */
  examine(image: ClusterImage): boolean {
    if (this.#isStale) return false;
    if (!this.#hasBegun) {
      this.#lookForAdoption(image);
      return true;
    }
    const { brokerId: self } = this.#options;
    const verdict = compareHistory(image, this.#known, { self, before: this.#compared });
    if (verdict.type === "same") {
      this.#trust(image);
      return true;
    }
    const reason = verdict.type === "restored" ? verdict.reason : "another history has begun without this broker";
    this.distrust(restoredError(reason));
    return false;
  }

  /** The store was found to be older than its images: nothing that comes from it is used any more. */
  distrust(error: SluiceError): void {
    if (this.#isStale) return;
    const { logDirectory, logger } = this.#dependencies;
    this.#isStale = true;
    this.#problem = error;
    this.#dependencies.onDistrusted(error);
    this.#known.noteRestored();
    logDirectory
      .recordKnown()
      .catch((failure: unknown) => logger.error({ err: failure }, "that the store was restored could not be recorded"))
      .finally(() => this.#dependencies.onStale(error));
  }

  /**
   * Changes the store, and records that before anybody acts upon it.
   * @throws SluiceError STORE_RESTORED, DISK_FULL, DISK_FAILED, and what the change throws
   */
  async act(change: () => Promise<TransactionResult>): Promise<TransactionResult> {
    if (this.#problem !== undefined) throw this.#problem;
    const seen = this.#known.history.revision;
    const result = await change();
    const { revision } = result;
    if (revision < seen) this.distrust(restoredError(`it is at revision ${revision}, and ${seen} was acted upon`));
    if (this.#problem !== undefined) throw this.#problem;
    this.#known.noteRevision(revision);
    await this.#dependencies.logDirectory.recordKnown();
    return result;
  }

  /** Records a registration of this broker. @throws SluiceError DISK_FULL, DISK_FAILED */
  async recordLife(brokerEpoch: number): Promise<void> {
    this.#known.noteLife(brokerEpoch);
    await this.#dependencies.logDirectory.recordKnown();
  }

  /** Resolves when this broker may take roles. Rejects with the reason of `signal`. */
  whenTrusted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (this.#problem === undefined) return resolve();
      const settle = (): void => {
        this.#waiters.delete(onTrusted);
        signal.removeEventListener("abort", onAbort);
      };
      const onTrusted = (): void => {
        settle();
        resolve();
      };
      const onAbort = (): void => {
        settle();
        reject(signal.reason as Error);
      };
      this.#waiters.add(onTrusted);
      signal.addEventListener("abort", onAbort);
    });
  }

  get #known(): LogDirectory["known"] {
    return this.#dependencies.logDirectory.known;
  }

  /** Notes what is new in an image that contradicts nothing, and has it recorded. */
  #trust(image: ClusterImage): void {
    const { brokerId: self } = this.#options;
    const { logDirectory, logger } = this.#dependencies;
    const before = this.#compared;
    this.#compared = image;
    this.#hasBegun = true;
    let isNew = false;
    for (const partition of partitionsOf(image, { self, before })) {
      isNew = true;
      this.#note(partition);
    }
    // Other in-sync replicas are acted upon as well.
    if (!isNew) return;
    this.#known.noteRevision(image.revision);
    logDirectory.recordKnown().catch((error: unknown) => {
      // Whoever acts upon it waits for it, and hears of it.
      logger.warn({ err: error }, "what the cluster store says could not be recorded");
    });
  }

  #note(partition: PartitionImage): void {
    const { leaderEpoch, leaderBrokerEpoch } = partition;
    const known = this.#known.get(partition);
    if (known === undefined || known.leaderEpoch < leaderEpoch) {
      this.#known.note(partition, { leaderEpoch, leaderBrokerEpoch });
    }
  }

  #lookForAdoption(image: ClusterImage): void {
    const { isRestored, number } = image.history;
    if (!isRestored && number >= (this.#adopted ?? this.number + 1)) this.#accepting ??= this.#accept(image);
    else this.#notice(image);
  }

  /** Never rejects. */
  async #accept(image: ClusterImage): Promise<void> {
    const { logDirectory, logger } = this.#dependencies;
    this.#adopted = image.history.number;
    this.#known.beginHistory(image.history.number, image.revision);
    try {
      await logDirectory.recordKnown();
    } catch (error) {
      // On a disk without room it is tried again with the next image; without a disk there is nothing to go on with.
      logger.error({ err: error }, "another history of the cluster store could not be begun");
      this.#accepting = undefined;
      return;
    }
    logger.info({ history: this.number }, "the restored cluster store was adopted: taking part again");
    this.#problem = undefined;
    this.#trust(image);
    for (const onTrusted of [...this.#waiters]) onTrusted();
  }

  /** Says in the store that it was restored, where it does not say so: that another broker was not there may be decisive. */
  #notice(image: ClusterImage): void {
    const plan = planRestoreNotice(image, this.number);
    if (plan === undefined || this.#noticing !== undefined) return;
    const { store, logger } = this.#dependencies;
    this.#noticing = store
      .transact(plan.compares, plan.operations)
      .then(
        ({ succeeded }) =>
          succeeded && logger.error({ err: this.#problem }, "the cluster is told that its store was restored"),
        (error: unknown) => logger.warn({ err: error }, "the cluster is not told yet that its store was restored"),
      )
      .then(() => {
        this.#noticing = undefined;
      });
  }
}

function restoredError(reason: string): SluiceError {
  return new SluiceError("STORE_RESTORED", { reason });
}
