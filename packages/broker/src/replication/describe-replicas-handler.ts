/** Replication.DescribeReplicas: last epoch and log end of replicas here, whatever their role. */

import { type ServedMethod, SluiceError, serveUnary, topicId } from "@sluice/model";
import { type ReplicaPosition, replicationService } from "@sluice/protocol";
import type { StoreHistory } from "../store-history.js";
import type { DescribedReplicas, ReplicaDescription } from "./replica-access.js";

/** Replicas of one request. */
const replicasMax = 100_000;

export interface DescribeReplicasDependencies {
  readonly partitions: DescribedReplicas;
  /** Registration of this broker; undefined while it has none. */
  brokerEpoch(): number | undefined;
  readonly storeHistory: Pick<StoreHistory, "number" | "refusesRoles" | "knownEpoch">;
}

/** Serves Replication.DescribeReplicas. */
export function serveDescribeReplicas(dependencies: DescribeReplicasDependencies): ServedMethod {
  const { partitions, storeHistory } = dependencies;
  const toWire = (replica: ReplicaDescription): ReplicaPosition => {
    const { lastEpoch, ...rest } = replica;
    const epochs = {
      lastEpochPlusOne: plusOne(lastEpoch),
      knownEpochPlusOne: plusOne(storeHistory.knownEpoch(replica)),
    };
    return { ...rest, ...epochs };
  };
  return serveUnary(replicationService.describeReplicas, async ({ replicas: wanted }) => {
    if (wanted.length > replicasMax) {
      throw new SluiceError("INVALID_REQUEST", { reason: `more than ${replicasMax} replicas` });
    }
    const found =
      wanted.length === 0
        ? [...partitions.describeReplicas()]
        : wanted.flatMap((name) => {
            return partitions.describeReplica({ ...name, topicId: topicId(name.topicId) }) ?? [];
          });
    const { number: history, refusesRoles } = storeHistory;
    return { replicas: found.map(toWire), brokerEpoch: dependencies.brokerEpoch() ?? 0, history, refusesRoles };
  });
}

function plusOne(epoch: number | undefined): number {
  return epoch === undefined ? 0 : epoch + 1;
}
