/** Asks brokers what they have of replicas. Who does not answer in time is left out. */

import type { ReplicaReport } from "@sluice/cluster";
import { type BrokerId, leaderEpoch, offset } from "@sluice/model";
import type { InternalClient } from "../internal-client.js";
import type { Logger } from "../logging.js";
import type { ReplicaName } from "../replication/replica-access.js";

/** What a broker says of one of its replicas. */
export interface ReplicaAnswer extends ReplicaName, ReplicaReport {
  /** Bytes of its segments. */
  readonly sizeBytes: number;
}

export interface ReplicaInquiryDependencies {
  readonly internalClient: Pick<InternalClient, "describeReplicas">;
  readonly logger: Logger;
}

/** What each of these brokers has of the replicas that it is asked for. Never rejects. */
export async function inquireReplicas(
  wanted: ReadonlyMap<BrokerId, readonly ReplicaName[]>,
  { internalClient, logger }: ReplicaInquiryDependencies,
): Promise<ReplicaAnswer[]> {
  const answers = [...wanted].map(async ([broker, names]): Promise<ReplicaAnswer[]> => {
    try {
      const { replicas, brokerEpoch } = await internalClient.describeReplicas(broker, names);
      return replicas.map((position) => ({
        topicId: position.topicId as ReplicaName["topicId"],
        partition: position.partition,
        replica: broker,
        brokerEpoch,
        lastEpoch: position.lastEpochPlusOne === 0 ? undefined : leaderEpoch(position.lastEpochPlusOne - 1),
        logEndOffset: offset(position.logEndOffset),
        sizeBytes: position.sizeBytes,
      }));
    } catch (error) {
      logger.info({ err: error, broker }, "a broker does not say what it has");
      return [];
    }
  });
  return (await Promise.all(answers)).flat();
}
