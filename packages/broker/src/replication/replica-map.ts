/** Values by replica: by the id of its topic, then by the number of the partition, without making a key of both. */

import type { TopicId } from "@sluice/model";
import type { ReplicaName } from "./replica-access.js";

export class ReplicaMap<Value> {
  readonly #topics = new Map<string, Map<number, Value>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `topicId` may be any text, as it was received. */
  get(topicId: string, partition: number): Value | undefined {
    return this.#topics.get(topicId)?.get(partition);
  }

  set({ topicId, partition }: ReplicaName, value: Value): void {
    const partitions = this.#partitionsOf(topicId);
    if (!partitions.has(partition)) this.#size += 1;
    partitions.set(partition, value);
  }

  /** Returns the value that was there. `topicId` may be any text, as it was received. */
  delete({ topicId, partition }: { readonly topicId: string; readonly partition: number }): Value | undefined {
    const partitions = this.#topics.get(topicId);
    const value = partitions?.get(partition);
    if (partitions?.delete(partition) !== true) return undefined;
    this.#size -= 1;
    if (partitions.size === 0) this.#topics.delete(topicId);
    return value;
  }

  /** A copy: the map may change while it is gone through. */
  values(): Value[] {
    return [...this.#topics.values()].flatMap((partitions) => [...partitions.values()]);
  }

  #partitionsOf(topicId: TopicId): Map<number, Value> {
    let partitions = this.#topics.get(topicId);
    if (partitions === undefined) {
      partitions = new Map();
      this.#topics.set(topicId, partitions);
    }
    return partitions;
  }
}
