/**
 * How a cluster image is made from the keys of the store, brought up to date by the events of a watch, and compared with another.
 *
 * All changes of one revision are applied together, so that no image shows half of a transaction. What did not change is the
 * same object in both images; `diffImages` also works between an image and one listed anew, where nothing is shared, because it
 * goes by versions.
 */

import type { BrokerId } from "@sluice/model";
import { invariant, isSluiceError, readConfig, type TopicId, type TopicName, topicConfigTable } from "@sluice/model";
import {
  type BrokerRegistration,
  type ClusterImage,
  emptyImage,
  type PartitionImage,
  type TopicImage,
} from "./cluster-image.js";
import { type ClusterKey, corruptKey, parseClusterKey, partitionKey } from "./cluster-keys.js";
import {
  parseBrokerValue,
  parseClusterValue,
  parseControllerValue,
  parsePartitionValue,
  parseTopicValue,
  type TopicValue,
} from "./cluster-values.js";
import type { StoredChange, StoredEntry } from "./planned-transaction.js";
import { changedKeys, SharedMap } from "./shared-map.js";

/** A partition that is not as it was. */
export interface PartitionChange {
  readonly topic: TopicImage;
  /** Undefined: it did not exist. */
  readonly before: PartitionImage | undefined;
  readonly after: PartitionImage;
}

/** What differs between two images. A topic that was deleted and made again is in both lists, under its two ids. */
export interface ImageDelta {
  /** Brokers that registered, went, or live another life. */
  readonly brokersChanged: readonly BrokerId[];
  readonly topicsCreated: readonly TopicImage[];
  /** As they last were, with all their partitions. */
  readonly topicsDeleted: readonly TopicImage[];
  /** Topics whose settings changed, as they are now. */
  readonly topicsChanged: readonly TopicImage[];
  /** Partitions of topics that exist now, those of created topics included. */
  readonly partitionsChanged: readonly PartitionChange[];
  readonly isControllerChanged: boolean;
}

/**
 * The image of a listing of all keys under the prefix.
 *
 * @throws SluiceError CORRUPT_CLUSTER_KEY
 */
export function imageFromListing(revision: number, entries: readonly StoredEntry[]): ClusterImage {
  return applyStoreEvents(
    { ...emptyImage, revision: -1 },
    revision,
    entries.map((entry) => ({ type: "put", entry })),
  );
}

/**
 * The image after all changes of one revision, or of several that follow each other: the oldest first, `revision` the last.
 *
 * @throws SluiceError CORRUPT_CLUSTER_KEY; the image that was given stays as it is
 */
export function applyStoreEvents(image: ClusterImage, revision: number, events: readonly StoredChange[]): ClusterImage {
  invariant(revision > image.revision, `revision ${revision} was applied to an image of revision ${image.revision}`);
  const draft = new ImageDraft(image);
  for (const event of events) {
    const key = parseClusterKey(event.type === "put" ? event.entry.key : event.key);
    if (key === undefined) continue;
    if (event.type === "put") draft.put(key, event.entry);
    else draft.delete(key);
  }
  return draft.finish(revision);
}

/** What is different in `after`. */
export function diffImages(before: ClusterImage, after: ClusterImage): ImageDelta {
  const changedIds = changedKeys(before.topicsById, after.topicsById);
  const topics = changedIds.flatMap((id) => after.topicsById.get(id) ?? []);
  const isChanged = (topic: TopicImage): boolean => {
    const earlier = before.topicsById.get(topic.id);
    return earlier !== undefined && earlier.version !== topic.version;
  };
  return {
    brokersChanged: changedBrokers(before, after),
    topicsCreated: topics.filter((topic) => !before.topicsById.has(topic.id)),
    topicsDeleted: changedIds.flatMap((id) => (after.topicsById.has(id) ? [] : (before.topicsById.get(id) ?? []))),
    topicsChanged: topics.filter(isChanged),
    partitionsChanged: topics.flatMap((topic) => changedPartitions(before.topicsById.get(topic.id), topic)),
    isControllerChanged: before.controller?.controllerEpoch !== after.controller?.controllerEpoch,
  };
}

function changedBrokers(before: ClusterImage, after: ClusterImage): BrokerId[] {
  const ids = new Set([...before.brokers.keys(), ...after.brokers.keys()]);
  return [...ids].filter((id) => before.brokers.get(id)?.brokerEpoch !== after.brokers.get(id)?.brokerEpoch);
}

function changedPartitions(before: TopicImage | undefined, topic: TopicImage): PartitionChange[] {
  if (before === topic) return [];
  return topic.partitions
    .map((after, partition) => ({ topic, before: before?.partitions[partition], after }))
    .filter((change) => change.before?.version !== change.after.version);
}

/** A topic as its key shows it, before its partitions are joined to it. */
type BareTopic = Omit<TopicImage, "partitions"> & { readonly partitionCount: number };

/** An image being changed: copies of the maps that are touched, topics joined with their partitions at the end. */
class ImageDraft {
  readonly #image: ClusterImage;
  #clusterId: string | undefined;
  #brokers: Map<BrokerId, BrokerRegistration> | undefined;
  #controller: ClusterImage["controller"];
  /** Topics that were put (or undefined: deleted), by name. */
  readonly #topics = new Map<TopicName, BareTopic | undefined>();
  /** Partitions that were put (or undefined: deleted), by topic. */
  readonly #partitions = new Map<TopicId, Map<number, PartitionImage | undefined>>();

  constructor(image: ClusterImage) {
    this.#image = image;
    this.#clusterId = image.clusterId;
    this.#controller = image.controller;
  }

  put(key: ClusterKey, entry: StoredEntry): void {
    switch (key.type) {
      case "cluster":
        this.#clusterId = parseClusterValue(entry.key, entry.value).clusterId;
        return;
      case "controller": {
        const broker = parseControllerValue(entry.key, entry.value).brokerId;
        this.#controller = { broker, controllerEpoch: entry.createRevision };
        return;
      }
      case "broker": {
        const value = parseBrokerValue(entry.key, entry.value);
        this.#brokersToChange().set(key.id, { id: key.id, brokerEpoch: entry.createRevision, ...value });
        return;
      }
      case "topic":
        this.#topics.set(key.name, bareTopic(key.name, entry));
        return;
      case "partition": {
        const value = parsePartitionValue(entry.key, entry.value);
        const { topicId, partition } = key;
        this.#partitionsOf(topicId).set(partition, { topicId, partition, version: entry.modRevision, ...value });
        return;
      }
      case "producerIds":
      // Nobody decides by it: who needs an id reads the store.
    }
  }

  delete(key: ClusterKey): void {
    switch (key.type) {
      case "cluster":
        this.#clusterId = undefined;
        return;
      case "controller":
        this.#controller = undefined;
        return;
      case "broker":
        this.#brokersToChange().delete(key.id);
        return;
      case "topic":
        this.#topics.set(key.name, undefined);
        return;
      case "partition":
        this.#partitionsOf(key.topicId).set(key.partition, undefined);
        return;
      case "producerIds":
    }
  }

  finish(revision: number): ClusterImage {
    const shared = { revision, clusterId: this.#clusterId, controller: this.#controller };
    const brokers = this.#brokers ?? this.#image.brokers;
    if (this.#topics.size === 0 && this.#partitions.size === 0) return { ...this.#image, ...shared, brokers };
    const topics = SharedMap.from(this.#image.topics).edit();
    const topicsById = SharedMap.from(this.#image.topicsById).edit();
    const putById = new Map([...this.#topics.values()].flatMap((topic) => (topic ? [[topic.id, topic]] : [])));
    const unlisted = new Map(this.#image.unlistedPartitions);
    const preferredLeaders = new Map(this.#image.preferredLeaders);
    for (const id of this.#touchedIds()) {
      const partitions = this.#mergedPartitions(id);
      const topic = putById.get(id) ?? this.#keptTopic(id);
      const before = topicsById.get(id);
      // A topic of the same name may have been put under another id meanwhile: it is not ours to delete.
      if (before !== undefined && topic === undefined && topics.get(before.name) === before) topics.delete(before.name);
      if (before !== undefined) countPreferred(preferredLeaders, before, -1);
      topicsById.delete(id);
      unlisted.delete(id);
      if (topic !== undefined) {
        const joined = takePartitions(topic, partitions);
        topics.set(joined.name, joined);
        topicsById.set(id, joined);
        countPreferred(preferredLeaders, joined, 1);
      }
      // What no topic has taken: half created, or left over.
      if (partitions.size > 0) unlisted.set(id, partitions);
    }
    const finished = { topics: topics.finish(), topicsById: topicsById.finish() };
    return { ...shared, ...finished, brokers, unlistedPartitions: unlisted, preferredLeaders };
  }

  /** Topics of which the topic itself, or a partition, was changed. */
  #touchedIds(): Set<TopicId> {
    const ids = new Set(this.#partitions.keys());
    for (const [name, topic] of this.#topics) {
      const before = this.#image.topics.get(name);
      if (before !== undefined) ids.add(before.id);
      if (topic !== undefined) ids.add(topic.id);
    }
    return ids;
  }

  /** The topic of that id where it was there and its own key is as it was. */
  #keptTopic(id: TopicId): BareTopic | undefined {
    const before = this.#image.topicsById.get(id);
    if (before === undefined || this.#topics.has(before.name)) return undefined;
    return { ...before, partitionCount: before.partitions.length };
  }

  #mergedPartitions(id: TopicId): Map<number, PartitionImage> {
    const merged = new Map<number, PartitionImage>(this.#image.unlistedPartitions.get(id));
    for (const partition of this.#image.topicsById.get(id)?.partitions ?? [])
      merged.set(partition.partition, partition);
    for (const [number, partition] of this.#partitions.get(id) ?? []) {
      if (partition === undefined) merged.delete(number);
      else merged.set(number, partition);
    }
    return merged;
  }

  #brokersToChange(): Map<BrokerId, BrokerRegistration> {
    this.#brokers ??= new Map(this.#image.brokers);
    return this.#brokers;
  }

  #partitionsOf(id: TopicId): Map<number, PartitionImage | undefined> {
    let partitions = this.#partitions.get(id);
    if (partitions === undefined) {
      partitions = new Map();
      this.#partitions.set(id, partitions);
    }
    return partitions;
  }
}

function countPreferred(counts: Map<BrokerId, number>, topic: TopicImage, by: 1 | -1): void {
  for (const { replicas } of topic.partitions) {
    const [preferred] = replicas;
    if (preferred === undefined) continue;
    const count = (counts.get(preferred) ?? 0) + by;
    if (count === 0) counts.delete(preferred);
    else counts.set(preferred, count);
  }
}

function bareTopic(name: TopicName, entry: StoredEntry): BareTopic {
  const value = parseTopicValue(entry.key, entry.value);
  return {
    id: value.id,
    name,
    configOverrides: value.configs,
    config: configOf(entry.key, value),
    replicationFactor: value.replicationFactor,
    partitionCount: value.partitions,
    version: entry.modRevision,
  };
}

function configOf(key: string, value: TopicValue): TopicImage["config"] {
  try {
    const entries = Object.entries(value.configs).map(([name, raw]) => ({ key: name, raw }));
    return readConfig(topicConfigTable, "topic", entries);
  } catch (error) {
    throw isSluiceError(error) ? corruptKey(key, error.message, error) : error;
  }
}

/** The topic with its partitions, which are taken out of the map. */
function takePartitions(topic: BareTopic, partitions: Map<number, PartitionImage>): TopicImage {
  const { partitionCount, ...rest } = topic;
  const joined = Array.from({ length: partitionCount }, (_, number) => {
    const partition = partitions.get(number);
    // The key of a topic is written after all of its partitions.
    if (partition === undefined) throw corruptKey(partitionKey(topic.id, number), `topic '${topic.name}' lacks it`);
    partitions.delete(number);
    return partition;
  });
  return { ...rest, partitions: joined };
}
