/** Partitions that were given to a consumer by hand, and where each of them begins when reading does. */

import { topicName } from "@sluice/model";
import { topicNameOf } from "../topics/topic.js";
import type { PartitionToAssign } from "./consumer-types.js";
import { keyOf, type OffsetSpec, offsetSpecOf } from "./offset-spec.js";
import type { PartitionToRead } from "./start-positions.js";

export class AssignedPartitions {
  #partitions: readonly PartitionToRead[];

  /** @throws SluiceError INVALID_TOPIC_NAME, INVALID_REQUEST */
  constructor(partitions: readonly PartitionToAssign[]) {
    this.#partitions = partitions.map(({ topic, partition, offset }) => {
      const place = offset === undefined ? undefined : offsetSpecOf(offset);
      return { topic: topicName(topicNameOf(topic)), partition, offset: place };
    });
  }

  get list(): readonly PartitionToRead[] {
    return this.#partitions;
  }

  /** Begins elsewhere; without a partition, in all of the topic. */
  seek(target: { readonly topic: string; readonly partition: number | undefined }, offset: OffsetSpec): void {
    const { topic, partition } = target;
    this.#partitions = this.#partitions.map((wanted) => {
      const isMeant = wanted.topic === topic && (partition === undefined || partition === wanted.partition);
      return isMeant ? { ...wanted, offset } : wanted;
    });
  }

  /** Begins at what is not processed. `processed`: offsets by `keyOf`. */
  goOnAt(processed: ReadonlyMap<string, number>): void {
    this.#partitions = this.#partitions.map((wanted) => {
      return { ...wanted, offset: processed.get(keyOf(wanted)) ?? wanted.offset };
    });
  }
}
