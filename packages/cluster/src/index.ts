/** Public door of @sluice/cluster: the cluster image, the keys it is made of, and everything that is planned from it. */

export * from "./cluster-image.js";
export * from "./cluster-keys.js";
export * from "./cluster-values.js";
export * from "./controller-plan.js";
export * from "./image-delta.js";
export * from "./leader-election.js";
export * from "./leftover-plan.js";
export * from "./partition-addition-plan.js";
export * from "./planned-transaction.js";
export * from "./producer-id-plan.js";
export * from "./replica-placement.js";
export { changedKeys, SharedMap } from "./shared-map.js";
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
