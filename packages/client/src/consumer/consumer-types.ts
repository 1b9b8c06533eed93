/** What methods of a consumer take and give. */

import type { TopicPartition } from "@sluice/model";
import type { AnyTopic, Topic } from "../topics/topic.js";
import type { AnyMessage, Message } from "./message.js";
import type { OffsetInput } from "./offset-spec.js";

/** Typed topics whose messages are such. */
export type TopicOf<Received extends AnyMessage> =
  Received extends Message<infer Key, infer Value, infer Name>
    ? // biome-ignore lint/suspicious/noExplicitAny: what can be sent does not matter to whoever reads.
      Topic<Name, Exclude<Key, null>, Exclude<Value, null>, any, any>
    : never;

/** What to share with the group. */
export interface Subscription<Received extends AnyMessage = Message> {
  /** Names, patterns, and typed topics that the consumer was made for. */
  readonly topics?: readonly (string | RegExp | TopicOf<Received>)[] | undefined;
  /** One topic. */
  readonly topic?: string | RegExp | TopicOf<Received> | undefined;
  /** Where the group has nothing committed for these topics, begin at the earliest message; false: at the latest. */
  readonly fromBeginning?: boolean | undefined;
}

/** A partition to read; without an offset, where the group is, else at `startFrom`. */
export interface PartitionToAssign extends Omit<TopicPartition, "topic"> {
  /** By name, or as `defineTopic` gave it. */
  readonly topic: string | AnyTopic;
  /** Where to begin. Default: where the group is, else `startFrom`. */
  readonly offset?: OffsetInput | undefined;
}

/** A partition and an offset in it. */
export interface PartitionPosition extends TopicPartition {
  /** Offset of the next message. */
  readonly offset: number;
}

/** A run that has begun. */
export interface Running {
  /**
   * Resolves when the consumer has stopped; rejects with what a handler threw, or what made reading impossible. Look at it, or
   * listen to `consumer.crash`: where nobody does either, Node ends the process as for any unhandled rejection.
   */
  readonly finished: Promise<void>;
}

/** What a liveness probe wants to know. */
export interface ConsumerHealth {
  /**
   * `idle`: nothing is read; `joining`: the group has not taken the member in, or put it out, or partitions are being looked
   * up; `running`; `stalled`: a stream is silent or a handler takes longer than `maxProcessingTime`; `closed`.
   */
  readonly state: "idle" | "joining" | "running" | "stalled" | "closed";
  /** When messages were last given out, milliseconds since 1970. Undefined: never. */
  readonly lastDelivery: number | undefined;
  /** When the last heartbeat was sent, milliseconds since 1970. Undefined: none yet. */
  readonly lastHeartbeat: number | undefined;
}
