/**
 * The controller: elects leaders, ends moves, removes leftovers, and makes and replicates the internal topic, on the one broker that
 * holds the controller key.
 *
 * Every broker runs one. It takes the key when it is free and then acts on each new image: plans from it (pure, `controller-plan`) and
 * carries the plans out one at a time. Each transaction compares all that it was planned from, the term included, so a
 * controller that was replaced, or an image that is behind, changes nothing. A transaction that is refused is not repeated:
 * what refused it brings another image, which is planned from anew. Only errors of the store, and what creations that died left over,
 * are waited out by a timer.
 *
 * Brokers that a majority suspects lose what they lead before their leases end. Where the controller itself is one of them, another
 * broker stands in for it: it elects, and does nothing else, and what it writes does not compare the term.
 */

import {
  brokerKey,
  type ClusterImage,
  controllerKey,
  formatControllerValue,
  type PlannedTransaction,
  planControllerWork,
  planElections,
  planGroupOffsetsReplication,
  planGroupOffsetsTopic,
  type SuspectedBrokers,
} from "@sluice/cluster";
import type { ClusterStore, Compare, ImageWatcher } from "@sluice/coordination";
import {
  type BrokerId,
  type Clock,
  isSluiceError,
  type Random,
  randomUuid,
  type Timer,
  type TopicId,
  topicId,
} from "@sluice/model";
import { runTopicCreation } from "../cluster/topic-creation.js";
import type { Logger } from "../logging.js";
import { LeftoverAge } from "./leftover-age.js";
import { UncleanRecovery, type UncleanRecoveryDependencies } from "./unclean-recovery.js";

export interface ControllerOptions {
  readonly brokerId: BrokerId;
  /** Registration of this life: it takes the key only under it, and only as long as it stands. */
  readonly brokerEpoch: number;
  /** Lease of the registration; the controller key goes with it. */
  readonly leaseId: string;
  /** Partitions of the internal topic of group offsets. */
  readonly groupOffsetsPartitions: number;
  /** Brokers that must take part before the internal topic is made. */
  readonly groupOffsetsBrokersMin: number;
  /** Replicas of its partitions, at most as many as there are brokers. 0: three. */
  readonly defaultReplicationFactor: number;
  /** How long partitions all of whose replicas may have lost records wait for all of them, in milliseconds. */
  readonly uncleanRecoveryWaitMs: number;
}

export interface ControllerDependencies extends Pick<UncleanRecoveryDependencies, "inquire"> {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether this broker is to act on suspicions where the controller is suspected itself. */
  standsIn(): boolean;
}

/** Wait after an error of the store, in milliseconds. */
const retryDelayMs = 500;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #store: ClusterStore;
  readonly #images: ImageWatcher;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #standsIn: () => boolean;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;
  #retryTimer: Timer | undefined;
  readonly #leftoverAge = new LeftoverAge();
  readonly #recovery: UncleanRecovery;
  /** Looks at leftovers again when the next of them may be abandoned. */
  #leftoverTimer: Timer | undefined;
  /** An image, or the end of a wait, has not been looked at yet. */
  #isAwake = false;
  #running: Promise<void> | undefined;
  /** The last image that was looked at, where it left nothing to do. */
  #settled: ClusterImage | undefined;
  /** Our term, once we took the key. */
  #term: number | undefined;
  /** Whom a majority suspects. */
  #suspects: SuspectedBrokers = new Map();

  constructor(options: ControllerOptions, dependencies: ControllerDependencies) {
    this.#options = options;
    this.#store = dependencies.store;
    this.#images = dependencies.images;
    this.#clock = dependencies.clock;
    this.#random = dependencies.random;
    this.#logger = dependencies.logger;
    this.#standsIn = () => dependencies.standsIn();
    this.#recovery = new UncleanRecovery({ waitMsMax: options.uncleanRecoveryWaitMs }, dependencies);
  }

  /** Begins with the present image. Called once. */
  start(): void {
    this.#unsubscribe = this.#images.subscribe(() => this.#wake());
    this.#wake();
  }

  /** Whether this broker's image shows it as the controller. */
  get isController(): boolean {
    return this.#ownTerm(this.#images.image) !== undefined;
  }

  /** Brokers that a majority suspects, from now on: they lose what they lead, and are not elected. */
  suspect(suspects: SuspectedBrokers): void {
    this.#suspects = suspects;
    // What was settled, was under other suspicions.
    this.#settled = undefined;
    this.#wake();
  }

  /** Finishes the transaction under way and gives the key back, so that another broker takes over at once. Twice is once. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#unsubscribe?.();
    this.#retryTimer?.cancel();
    await this.#running;
    await this.#recovery.close();
    this.#leftoverTimer?.cancel();
    // The image knows of a term whose answer was lost.
    const term = this.#term ?? this.#ownTerm(this.#images.image);
    if (term === undefined) return;
    try {
      await this.#store.transact([termCompare(term)], [{ type: "delete", key: controllerKey }]);
    } catch (error) {
      // The key goes with the lease in any case: only later.
      this.#logger.warn({ err: error }, "controller key not given back");
    }
  }

  #wake(): void {
    this.#isAwake = true;
    this.#running ??= this.#run();
  }

  /** Never rejects. One at a time. */
  async #run(): Promise<void> {
    while (this.#isAwake && !this.#closing.signal.aborted) {
      this.#isAwake = false;
      try {
        await this.#step(this.#images.image);
      } catch (error) {
        this.#pauseAfter(error);
      }
    }
    this.#running = undefined;
  }

  async #step(image: ClusterImage): Promise<void> {
    if (image.controller === undefined) return this.#takeKey();
    const term = this.#ownTerm(image);
    if (term !== undefined) {
      await this.#carryOut(this.#planWork(image, term));
      await this.#makeGroupOffsetsTopic(term);
      await this.#carryOut(this.#planReplicas(term));
      this.#recovery.observe(this.#images.image, term);
      return;
    }
    const suspects = this.#suspects;
    if (suspects.has(image.controller.broker) && this.#standsIn())
      await this.#carryOut(planElections(image, { suspects }));
  }

  async #takeKey(): Promise<void> {
    const { brokerId, brokerEpoch, leaseId } = this.#options;
    const { succeeded, revision } = await this.#store.transact(
      [
        { key: controllerKey, target: "createRevision", equals: 0 },
        { key: brokerKey(brokerId), target: "createRevision", equals: brokerEpoch },
      ],
      [{ type: "put", key: controllerKey, value: formatControllerValue({ brokerId }), leaseId }],
    );
    if (!succeeded) return;
    this.#term = revision;
    this.#logger.info({ controllerEpoch: revision }, "became controller");
    await this.#caughtUp(revision);
  }

  #planWork(image: ClusterImage, term: number): PlannedTransaction[] {
    const plans = planControllerWork(image, {
      controllerEpoch: term,
      abandoned: this.#abandoned(image),
      settled: this.#settled,
      suspects: this.#suspects,
    });
    // What is planned may be refused: only an image without work is one to build upon.
    this.#settled = plans.length === 0 ? image : undefined;
    return plans;
  }

  async #carryOut(plans: readonly PlannedTransaction[]): Promise<void> {
    for (const plan of plans) {
      if (this.#closing.signal.aborted) return;
      const { succeeded, revision } = await this.#store.transact(plan.compares, plan.operations);
      const { purpose } = plan;
      if (!succeeded) {
        this.#logger.debug({ purpose }, "planned from an image that was behind");
        continue;
      }
      this.#logger.info({ purpose, revision }, "controller acted");
      await this.#caughtUp(revision);
    }
  }

  /** Topic ids whose leftovers nobody works on any more. */
  #abandoned(image: ClusterImage): ReadonlySet<TopicId> {
    const nowMs = this.#clock.monotonicMs();
    const { abandoned, nextAtMs } = this.#leftoverAge.observe(image, nowMs);
    this.#leftoverTimer?.cancel();
    this.#leftoverTimer =
      nextAtMs === undefined ? undefined : this.#clock.setTimer(nextAtMs - nowMs, () => this.#wake());
    return abandoned;
  }

  async #makeGroupOffsetsTopic(term: number): Promise<void> {
    const { groupOffsetsPartitions, groupOffsetsBrokersMin: brokersMin } = this.#options;
    const { defaultReplicationFactor: replicationFactor } = this.#options;
    const { image } = this.#images;
    if (this.#closing.signal.aborted || image.controller?.controllerEpoch !== term) return;
    const newTopicId = topicId(randomUuid(this.#random));
    const options = { groupOffsetsPartitions, brokersMin, replicationFactor, newTopicId };
    const creation = planGroupOffsetsTopic(image, options);
    if (creation === undefined) return;
    try {
      const revision = await runTopicCreation(this.#store, creation, [termCompare(term)]);
      this.#logger.info({ topic: creation.name, revision }, "internal topic created");
      await this.#caughtUp(revision);
    } catch (error) {
      // The topic or the term is another one already: the image will say so.
      if (!isSluiceError(error, "TOPIC_ALREADY_EXISTS") && !isSluiceError(error, "STORE_CONFLICT")) throw error;
    }
  }

  /** The internal topic may have been made before the other brokers joined. */
  #planReplicas(controllerEpoch: number): PlannedTransaction[] {
    const { defaultReplicationFactor: replicationFactor } = this.#options;
    return planGroupOffsetsReplication(this.#images.image, { controllerEpoch, replicationFactor });
  }

  /** What was just written is in the image before anything else is planned from it. */
  async #caughtUp(revision: number): Promise<void> {
    await this.#images.waitFor((image) => image.revision >= revision, this.#closing.signal);
  }

  /** Our term where the image shows us as controller in this life. A key older than our registration was another life's. */
  #ownTerm(image: ClusterImage): number | undefined {
    const { controller } = image;
    if (controller?.broker !== this.#options.brokerId) return undefined;
    return controller.controllerEpoch > this.#options.brokerEpoch ? controller.controllerEpoch : undefined;
  }

  #pauseAfter(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    if (isSluiceError(error, "LEASE_EXPIRED") || isSluiceError(error, "CLOSED")) {
      // This life is over; whoever started us starts anew.
      this.#logger.info({ err: error }, "controller stands back");
      return;
    }
    this.#logger.warn({ err: error }, "controller could not act and tries again");
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#clock.setTimer(retryDelayMs, () => this.#wake());
  }
}

function termCompare(controllerEpoch: number): Compare {
  return { key: controllerKey, target: "createRevision", equals: controllerEpoch };
}
