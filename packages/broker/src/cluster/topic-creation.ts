/**
 * Carries out a planned creation of a topic, or addition of partitions: the chunks in order, then the transaction that makes all of
 * it exist.
 *
 * When a transaction of a creation is refused, the partitions written so far are removed again. After a crash, or an error of the
 * store, they stay behind unseen, and a controller removes them. What a refused addition wrote stays behind too: whoever came
 * between may be writing over it.
 */

import {
  type PartitionAddition,
  type PlannedTransaction,
  planLeftoverRemoval,
  planPartitionAdditionFinish,
  planTopicFinish,
  type TopicCreation,
  topicKey,
} from "@sluice/cluster";
import type { ClusterStore, Compare } from "@sluice/coordination";
import { SluiceError } from "@sluice/model";

/**
 * Returns the revision at which the topic exists.
 *
 * @param alsoCompares what must hold besides, when the topic comes into being
 * @throws SluiceError TOPIC_ALREADY_EXISTS, STORE_CONFLICT, and what the store throws
 */
export async function runTopicCreation(
  store: ClusterStore,
  creation: TopicCreation,
  alsoCompares: readonly Compare[] = [],
): Promise<number> {
  let firstChunkRevision: number | undefined;
  for (const chunk of creation.chunks) {
    const revision = await runOrRemove(store, creation, chunk);
    firstChunkRevision ??= revision;
  }
  const finish = planTopicFinish(creation, firstChunkRevision);
  return runOrRemove(store, creation, { ...finish, compares: [...finish.compares, ...alsoCompares] });
}

/**
 * Returns the revision at which the new partitions exist.
 *
 * @throws SluiceError STORE_CONFLICT when the topic was changed meanwhile, and what the store throws
 */
export async function runPartitionAddition(store: ClusterStore, addition: PartitionAddition): Promise<number> {
  let firstChunkRevision: number | undefined;
  for (const chunk of addition.chunks) {
    const revision = await runOrRefuse(store, chunk);
    firstChunkRevision ??= revision;
  }
  return runOrRefuse(store, planPartitionAdditionFinish(addition, firstChunkRevision));
}

/** Carries out one transaction and returns its revision. @throws SluiceError STORE_CONFLICT, and what the store throws */
export async function runOrRefuse(store: ClusterStore, plan: PlannedTransaction): Promise<number> {
  const { succeeded, revision } = await store.transact(plan.compares, plan.operations);
  if (!succeeded) throw new SluiceError("STORE_CONFLICT", { operation: plan.purpose });
  return revision;
}

async function runOrRemove(store: ClusterStore, creation: TopicCreation, plan: PlannedTransaction): Promise<number> {
  const { succeeded, revision } = await store.transact(plan.compares, plan.operations);
  if (succeeded) return revision;
  if (creation.chunks.length > 0) {
    const removal = planLeftoverRemoval(creation.topicId);
    await store.transact(removal.compares, removal.operations);
  }
  if ((await store.get(topicKey(creation.name))) === undefined) {
    throw new SluiceError("STORE_CONFLICT", { operation: plan.purpose });
  }
  throw new SluiceError("TOPIC_ALREADY_EXISTS", { topic: creation.name });
}
