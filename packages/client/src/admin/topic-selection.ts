/** Topics as callers name them, made into partitions that exist. */

import { SluiceError, topicName } from "@sluice/model";
import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { isTopic, topicNameOf } from "../topics/topic.js";
import { awaitAnswer } from "./await-answer.js";
import type { GroupPartition, TopicSelection } from "./group-admin-types.js";

export interface SelectedPartition extends GroupPartition {
  /** The partition was named, not only its topic. */
  readonly isNamed: boolean;
}

/**
 * Every partition of the selection, once, by topic and partition.
 * @throws SluiceError UNKNOWN_TOPIC, UNKNOWN_PARTITION, INVALID_TOPIC_NAME, INVALID_REQUEST, BROKER_UNREACHABLE ...
 */
export async function selectPartitions(
  dependencies: ClientDependencies,
  selection: readonly TopicSelection[],
  options: Cancellable,
): Promise<SelectedPartition[]> {
  const wanted = wantedPartitions(selection);
  if (wanted.size === 0) return [];
  const { metadata } = dependencies;
  const describe = () => metadata.describe([...wanted.keys()], options);
  const { topics } = await awaitAnswer(describe, dependencies, options);
  const found = new Map(topics.map((topic) => [topic.name, topic.partitions.map(({ partition }) => partition)]));
  return [...wanted]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([topic, named]) => {
      const existing = found.get(topic);
      if (existing === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic });
      const missing = [...named].find((partition) => !existing.includes(partition));
      if (missing !== undefined) throw new SluiceError("UNKNOWN_PARTITION", { topic, partition: missing });
      const partitions = named.size === 0 ? existing : [...named];
      return partitions
        .sort((left, right) => left - right)
        .map((partition) => ({ topic, partition, isNamed: named.size > 0 }));
    });
}

/** Partitions that were named, by topic; none: all of the topic. */
function wantedPartitions(selection: readonly TopicSelection[]): Map<string, Set<number>> {
  const wanted = new Map<string, Set<number>>();
  for (const selected of selection) {
    const isWhole = typeof selected === "string" || isTopic(selected);
    const { topic, partitions } = isWhole ? { topic: selected, partitions: undefined } : selected;
    const name = topicName(topicNameOf(topic));
    if (wanted.has(name)) throw new SluiceError("INVALID_REQUEST", { reason: `topic '${name}' is named twice` });
    if (partitions?.length === 0)
      throw new SluiceError("INVALID_REQUEST", { reason: `topic '${name}' comes with a list of no partitions` });
    wanted.set(name, new Set(partitions));
  }
  return wanted;
}
