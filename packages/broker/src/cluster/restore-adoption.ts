/**
 * Has the cluster go on with a cluster store that was restored from a backup: asks every broker what it has, while none has a role, and
 * carries out what is planned from that (`restore-plan`).
 */

import {
  type BrokerReport,
  brokersToAdopt,
  type ClusterImage,
  type RestoreAdoption as PlannedAdoption,
  type PlannedTransaction,
  planRestoreAdoption,
  producerIdsKey,
  replicasMissing,
} from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import { type BrokerId, leaderEpoch, offset, SluiceError, topicId } from "@sluice/model";
import type { DescribeReplicasResponse } from "@sluice/protocol";
import type { InternalClient } from "../internal-client.js";
import type { Logger } from "../logging.js";

export interface RestoreAdoptionDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly internalClient: Pick<InternalClient, "describeReplicas">;
  readonly logger: Logger;
  /** Whether this broker has found that the store was restored. The others may not have been told yet. */
  readonly storeHistory: { readonly refusesRoles: boolean };
}

/** Replicas that an error names. */
const namedMax = 5;

export class RestoreAdoption {
  readonly #dependencies: RestoreAdoptionDependencies;

  constructor(dependencies: RestoreAdoptionDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Returns how many partitions were set anew: none where no restored store waits to be adopted. Tried again after an error, it begins
   * anew.
   *
   * @throws SluiceError BROKER_UNREACHABLE with all that is missing, STORE_CONFLICT, and what the store throws
   */
  async adopt(signal?: AbortSignal): Promise<number> {
    const { store, images, logger, storeHistory } = this.#dependencies;
    // This broker may know it before the store says so: "nothing to adopt" would be wrong then.
    const image = storeHistory.refusesRoles
      ? await images.waitFor(({ history }) => history.isRestored || !storeHistory.refusesRoles, signal)
      : images.image;
    if (!image.history.isRestored) return 0;
    const reports = await this.#askAll(image);
    signal?.throwIfAborted();
    const plan = planRestoreAdoption(image, reports, await store.get(producerIdsKey));
    const revision = await this.#carryOut(plan);
    logger.info({ partitions: plan.partitionCount, revision }, "the restored cluster store was adopted");
    await images.waitFor((next) => next.revision >= revision, signal);
    return plan.partitionCount;
  }

  async #carryOut({ partitions, finish }: PlannedAdoption): Promise<number> {
    for (const planned of partitions) await this.#run(planned);
    return this.#run(finish);
  }

  async #run({ purpose, compares, operations }: PlannedTransaction): Promise<number> {
    const { succeeded, revision } = await this.#dependencies.store.transact(compares, operations);
    if (!succeeded) throw new SluiceError("STORE_CONFLICT", { operation: purpose });
    return revision;
  }

  async #askAll(image: ClusterImage): Promise<BrokerReport[]> {
    const brokers = brokersToAdopt(image);
    const answers = await Promise.all(brokers.map((broker) => this.#ask(image, broker)));
    const absent = brokers.filter((_, index) => typeof answers[index] === "string");
    if (absent.length > 0) throw missing(absent, answers.filter((answer) => typeof answer === "string").join("; "));
    const reports = answers.filter((answer) => typeof answer !== "string");
    const replicas = replicasMissing(image, reports);
    if (replicas.length === 0) return reports;
    const named = replicas
      .slice(0, namedMax)
      .map((name) => `${name.topic}-${name.partition} on broker ${name.replica}`);
    const more = replicas.length > namedMax ? ` and ${replicas.length - namedMax} more` : "";
    throw missing(
      [...new Set(replicas.map(({ replica }) => replica))],
      `replicas are not open: ${named.join(", ")}${more}`,
    );
  }

  /** What that broker has or, in words, why that is not known. */
  async #ask(image: ClusterImage, broker: BrokerId): Promise<BrokerReport | string> {
    const registration = image.brokers.get(broker);
    if (registration === undefined) return `broker ${broker} is not registered`;
    let answer: DescribeReplicasResponse;
    try {
      answer = await this.#dependencies.internalClient.describeReplicas(broker, []);
    } catch (error) {
      return `broker ${broker} does not answer (${(error as Error).message})`;
    }
    if (answer.brokerEpoch !== registration.brokerEpoch || !answer.refusesRoles) {
      return `broker ${broker} has not ended its work with the store as it was before`;
    }
    return reportOf(broker, answer);
  }
}

function reportOf(broker: BrokerId, { replicas, brokerEpoch, history }: DescribeReplicasResponse): BrokerReport {
  const reports = replicas.map((position) => ({
    topicId: topicId(position.topicId),
    partition: position.partition,
    replica: broker,
    brokerEpoch,
    lastEpoch: position.lastEpochPlusOne === 0 ? undefined : leaderEpoch(position.lastEpochPlusOne - 1),
    logEndOffset: offset(position.logEndOffset),
    knownEpoch: position.knownEpochPlusOne === 0 ? undefined : position.knownEpochPlusOne - 1,
  }));
  return { broker, brokerEpoch, history, replicas: reports };
}

function missing(brokers: readonly BrokerId[], reason: string): SluiceError {
  const addresses = brokers.map((broker) => `broker ${broker}`).join(", ");
  const rule = "every broker and every replica must be there to adopt a restored cluster store";
  return new SluiceError("BROKER_UNREACHABLE", { addresses, reason: `${reason}; ${rule}` });
}
