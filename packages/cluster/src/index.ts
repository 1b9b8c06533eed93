/** Public door of @sluice/cluster: the cluster image, the keys it is made of, and everything that is planned from it. */

export * from "./cluster-image.js";
export * from "./cluster-keys.js";
export * from "./cluster-values.js";
export * from "./controller-plan.js";
export * from "./drain-plan.js";
export * from "./elections-plan.js";
export * from "./exclusion-plan.js";
export * from "./group-offsets-plan.js";
export * from "./handover-plan.js";
export * from "./image-delta.js";
export * from "./leader-election.js";
export * from "./leftover-plan.js";
export * from "./moved-leaders-plan.js";
export * from "./partition-addition-plan.js";
export * from "./partition-name.js";
export * from "./partition-writes.js";
export * from "./planned-transaction.js";
export * from "./producer-id-plan.js";
export * from "./reassignment-moves.js";
export * from "./reassignment-plan.js";
export * from "./registration-plan.js";
export * from "./replica-placement.js";
export * from "./replica-sets.js";
export * from "./replica-sets-plan.js";
export * from "./restore-plan.js";
export { changedKeys, SharedMap } from "./shared-map.js";
export * from "./store-history.js";
export * from "./stray-replicas.js";
export * from "./topic-config-plan.js";
export {
  planAnyTopicCreation,
  planTopicCreation,
  planTopicDeletion,
  planTopicFinish,
  replicationFactorMax,
  type TopicCreation,
  type TopicRequest,
  topicPartitionsMax,
} from "./topic-plan.js";
export { topicsToLookAt } from "./topics-to-look-at.js";
export * from "./unclean-election.js";
