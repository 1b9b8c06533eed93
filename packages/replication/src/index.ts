/** Public door of @sluice/replication: the state machine of one partition, its events and its effects. */

export type { ReplicaStanding } from "./leader-replicas.js";
export * from "./partition-effect.js";
export * from "./partition-event.js";
export { PartitionStateMachine } from "./partition-state-machine.js";
