/** Public door of @sluice/groups: the state machine of one consumer group, its events, effects and records. */

export type { PartitionOffset } from "./committed-offsets.js";
export type { GroupOptions } from "./group-core.js";
export * from "./group-effect.js";
export * from "./group-event.js";
export * from "./group-record.js";
export { type GroupState, GroupStateMachine } from "./group-state-machine.js";
export * from "./offset-reset.js";
