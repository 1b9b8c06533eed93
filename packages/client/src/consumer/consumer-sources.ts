/** What a consumer is to read when it next begins: topics shared with its group, or partitions given by hand. Never both. */

import { SluiceError } from "@sluice/model";
import { checkOptionNames } from "../option-check.js";
import { isTopic } from "../topics/topic.js";
import { AssignedPartitions } from "./assigned-partitions.js";
import type { ConsumerOptions, ConsumerSettings } from "./consumer-options.js";
import type { PartitionToAssign, Subscription } from "./consumer-types.js";
import type { AnyMessage } from "./message.js";
import type { OffsetSpec } from "./offset-spec.js";
import type { ReadingSource } from "./reading.js";
import { SoughtPlaces } from "./sought-places.js";
import { type SubscribedTopic, Subscriptions } from "./subscription.js";
import { TypedTopics } from "./typed-messages.js";

export class ConsumerSources {
  readonly typed: TypedTopics;
  readonly subscriptions: Subscriptions;
  readonly sought = new SoughtPlaces();
  readonly #groupId: string | undefined;
  #assigned: AssignedPartitions | undefined;

  /** @throws SluiceError INVALID_TOPIC_NAME, INVALID_REQUEST */
  constructor(topics: ConsumerOptions["topics"] = [], settings: ConsumerSettings) {
    this.#groupId = settings.groupId;
    this.typed = new TypedTopics(settings.onDecodeError);
    this.subscriptions = new Subscriptions(this.typed);
    if (this.#groupId !== undefined) this.subscriptions.add(topics, undefined);
    else for (const topic of topics) if (isTopic(topic)) this.typed.add(topic);
  }

  /** Topics that are given by name. */
  get named(): readonly string[] {
    return this.#assigned?.list.map(({ topic }) => topic) ?? this.subscriptions.named;
  }

  /** @throws SluiceError INVALID_REQUEST without `groupId`, INVALID_TOPIC_NAME, UNKNOWN_OPTION */
  subscribe<Received extends AnyMessage>(subscription: Subscription<Received>): void {
    checkOptionNames("subscribe", subscription, ["topics", "topic", "fromBeginning"]);
    if (this.#groupId === undefined)
      throw invalid("subscribe takes a consumer with groupId; without one, use assign or read");
    const { topic, fromBeginning } = subscription;
    const topics = [...(subscription.topics ?? []), ...(topic === undefined ? [] : [topic])];
    const startFrom = fromBeginning === undefined ? undefined : fromBeginning ? "earliest" : "latest";
    this.subscriptions.add(topics as readonly SubscribedTopic[], startFrom);
    this.#assigned = undefined;
  }

  /** @throws SluiceError INVALID_TOPIC_NAME, INVALID_REQUEST */
  assign(partitions: readonly PartitionToAssign[]): void {
    this.#assigned = new AssignedPartitions(partitions);
    this.subscriptions.clear();
  }

  /** Begins there; without a partition, in all of the topic. @throws SluiceError INVALID_REQUEST where there is nothing to seek */
  seek(target: { readonly topic: string; readonly partition: number | undefined }, offset: OffsetSpec): void {
    if (this.#assigned !== undefined) this.#assigned.seek(target, offset);
    else if (this.#groupId !== undefined) this.sought.seek(target, offset);
    else throw invalid("seek takes assigned partitions; call assign first");
  }

  /** Reading has ended: assigned partitions begin again at what is not processed. `processed`: offsets by `keyOf`. */
  ended(processed: ReadonlyMap<string, number>): void {
    this.#assigned?.goOnAt(processed);
  }

  /** @throws SluiceError INVALID_REQUEST where there is nothing to read */
  source(): ReadingSource {
    if (this.#assigned !== undefined) return { type: "assigned", partitions: this.#assigned.list };
    if (this.#groupId === undefined)
      throw invalid("a consumer without groupId reads what assign gives it; call assign first");
    if (this.subscriptions.isEmpty) throw invalid("subscribe to a topic, or assign partitions, before reading");
    return { type: "group", groupId: this.#groupId };
  }
}

function invalid(reason: string): SluiceError {
  return new SluiceError("INVALID_REQUEST", { reason });
}
