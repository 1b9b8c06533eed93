/**
 * How a cluster image is made from the keys of the store, brought up to date by the events of a watch, and compared with another.
 *
 * All changes of one revision are applied together, so that no image shows half of a transaction. What did not change is the
 * same object in both images; `diffImages` also works between an image and one listed anew, where nothing is shared, because it
 * goes by versions.
 */

import type { BrokerId } from "@sluice/model";
import { invariant, isSluiceError, readConfig, type TopicId, type TopicName, topicConfigTable } from "@sluice/model";
import { BrokerDraft } from "./broker-draft.js";
import { type ClusterImage, emptyImage, type PartitionImage, type TopicImage } from "./cluster-image.js";
import { type ClusterKey, corruptKey, parseClusterKey, partitionKey } from "./cluster-keys.js";
import {
  parseClusterValue,
  parseControllerValue,
  parseHistoryValue,
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
  /** Brokers that registered, went, live another life, may be elected now, or were drained or are no longer. */
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
  if (before.brokers === after.brokers && before.drainedBrokers === after.drainedBrokers) return [];
  const ids = new Set([...before.brokers.keys(), ...after.brokers.keys()]);
  return [...ids].filter((id) => {
    const [was, is] = [before.brokers.get(id), after.brokers.get(id)];
    if (was?.brokerEpoch !== is?.brokerEpoch || was?.stateVersion !== is?.stateVersion) return true;
    return before.drainedBrokers.has(id) !== after.drainedBrokers.has(id);
  });
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
  #history: ClusterImage["history"];
  readonly #brokers: BrokerDraft;
  #controller: ClusterImage["controller"];
  /** Topics that were put (or undefined: deleted), by name. */
  readonly #topics = new Map<TopicName, BareTopic | undefined>();
  /** Partitions that were put (or undefined: deleted), by topic. */
  readonly #partitions = new Map<TopicId, Map<number, PartitionImage | undefined>>();
  /** Brokers that are to be told of a deletion, of topics where that changed. */
  readonly #deletions = new Map<TopicId, Set<BrokerId>>();

  constructor(image: ClusterImage) {
    this.#image = image;
    this.#clusterId = image.clusterId;
    this.#history = image.history;
    this.#controller = image.controller;
    this.#brokers = new BrokerDraft(image);
  }

  put(key: ClusterKey, entry: StoredEntry): void {
    switch (key.type) {
      case "cluster":
        this.#clusterId = parseClusterValue(entry.key, entry.value).clusterId;
        return;
      case "history": {
        const { number, state } = parseHistoryValue(entry.key, entry.value);
        this.#history = { number, isRestored: state === "restored", version: entry.modRevision };
        return;
      }
      case "controller": {
        const broker = parseControllerValue(entry.key, entry.value).brokerId;
        this.#controller = { broker, controllerEpoch: entry.createRevision };
        return;
      }
      case "broker":
      case "lastRegistration":
      case "drainedBroker":
        this.#brokers.put({ type: key.type, id: key.id }, entry);
        return;
      case "topic":
        this.#topics.set(key.name, bareTopic(key.name, entry));
        return;
      case "partition": {
        const value = parsePartitionValue(entry.key, entry.value);
        const { topicId, partition } = key;
        this.#partitionsOf(topicId).set(partition, { topicId, partition, version: entry.modRevision, ...value });
        return;
      }
      case "deletedTopic":
        this.#brokersToTell(key.topicId).add(key.id);
        return;
      case "brokerTick":
      case "producerIds":
      // Nobody decides by them: who needs them reads the store, or watches for them.
    }
  }

  delete(key: ClusterKey): void {
    switch (key.type) {
      case "cluster":
        this.#clusterId = undefined;
        return;
      case "history":
        this.#history = emptyImage.history;
        return;
      case "controller":
        this.#controller = undefined;
        return;
      case "broker":
      case "lastRegistration":
      case "drainedBroker":
        this.#brokers.delete({ type: key.type, id: key.id });
        return;
      case "topic":
        this.#topics.set(key.name, undefined);
        return;
      case "partition":
        this.#partitionsOf(key.topicId).set(key.partition, undefined);
        return;
      case "deletedTopic":
        this.#brokersToTell(key.topicId).delete(key.id);
        return;
      case "brokerTick":
      case "producerIds":
    }
  }

  finish(revision: number): ClusterImage {
    const others = {
      clusterId: this.#clusterId,
      history: this.#history,
      controller: this.#controller,
      ...this.#brokers.finish(),
      deletedTopics: this.#finishDeletions(),
    };
    if (this.#topics.size === 0 && this.#partitions.size === 0) return { ...this.#image, ...others, revision };
    const topics = SharedMap.from(this.#image.topics).edit();
    const topicsById = SharedMap.from(this.#image.topicsById).edit();
    const putById = new Map([...this.#topics.values()].flatMap((topic) => (topic ? [[topic.id, topic]] : [])));
    const unlisted = new Map(this.#image.unlistedPartitions);
    const load = { leaders: new Map(this.#image.preferredLeaders), replicas: new Map(this.#image.replicaCounts) };
    for (const id of this.#touchedIds()) {
      const partitions = this.#mergedPartitions(id);
      const topic = putById.get(id) ?? this.#keptTopic(id);
      const before = topicsById.get(id);
      // A topic of the same name may have been put under another id meanwhile: it is not ours to delete.
      if (before !== undefined && topic === undefined && topics.get(before.name) === before) topics.delete(before.name);
      if (before !== undefined) countLoad(load, before, -1);
      topicsById.delete(id);
      unlisted.delete(id);
      if (topic !== undefined) {
        const joined = takePartitions(topic, partitions);
        topics.set(joined.name, joined);
        topicsById.set(id, joined);
        countLoad(load, joined, 1);
      }
      // What no topic has taken: half created, or left over.
      if (partitions.size > 0) unlisted.set(id, partitions);
    }
    const finished = { topics: topics.finish(), topicsById: topicsById.finish() };
    const counts = { preferredLeaders: load.leaders, replicaCounts: load.replicas };
    return { revision, ...others, ...finished, unlistedPartitions: unlisted, ...counts };
  }

  #finishDeletions(): ClusterImage["deletedTopics"] {
    if (this.#deletions.size === 0) return this.#image.deletedTopics;
    const deletedTopics = SharedMap.from(this.#image.deletedTopics).edit();
    for (const [id, brokers] of this.#deletions) {
      if (brokers.size === 0) deletedTopics.delete(id);
      else deletedTopics.set(id, brokers);
    }
    return deletedTopics.finish();
  }

  #brokersToTell(id: TopicId): Set<BrokerId> {
    let brokers = this.#deletions.get(id);
    if (brokers === undefined) {
      brokers = new Set(this.#image.deletedTopics.get(id));
      this.#deletions.set(id, brokers);
    }
    return brokers;
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

  #partitionsOf(id: TopicId): Map<number, PartitionImage | undefined> {
    let partitions = this.#partitions.get(id);
    if (partitions === undefined) {
      partitions = new Map();
      this.#partitions.set(id, partitions);
    }
    return partitions;
  }
}

/** What brokers have to do, by broker. */
interface BrokerLoad {
  readonly leaders: Map<BrokerId, number>;
  readonly replicas: Map<BrokerId, number>;
}

function countLoad({ leaders, replicas }: BrokerLoad, topic: TopicImage, by: 1 | -1): void {
  for (const partition of topic.partitions) {
    const [preferred] = partition.replicas;
    if (preferred !== undefined) count(leaders, preferred, by);
    for (const id of partition.replicas) count(replicas, id, by);
  }
}

function count(counts: Map<BrokerId, number>, id: BrokerId, by: 1 | -1): void {
  const counted = (counts.get(id) ?? 0) + by;
  if (counted === 0) counts.delete(id);
  else counts.set(id, counted);
}

function bareTopic(name: TopicName, entry: StoredEntry): BareTopic {
  const value = parseTopicValue(entry.key, entry.value);
  return {
    id: value.id,
    name,
    configOverrides: value.configs,
    config: configOf(entry.key, value),
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
