/** The requests of an admin that create, extend, change and delete topics. */

import { SluiceError, topicName } from "@sluice/model";
import { clusterService, fromWireError } from "@sluice/protocol";
import type { Cancellable } from "../cancellation.js";
import { replacedOptions } from "../kafkajs-options.js";
import { checkOptionNames } from "../option-check.js";
import { type AnyTopic, isTopic, topicNameOf } from "../topics/topic.js";
import type { AdminCalls } from "./admin-calls.js";
import { adminError, forEachItem } from "./admin-failures.js";
import type {
  AlterTopicConfigs,
  CreatePartitions,
  CreateTopics,
  NewPartitions,
  NewTopic,
  TopicConfigEntry,
  TopicDescription,
} from "./admin-types.js";

const createNames = ["topics", "validateOnly", "waitForLeaders"] as const satisfies readonly (keyof CreateTopics)[];
const newTopicNames = [
  "topic",
  "numPartitions",
  "replicationFactor",
  "configEntries",
] as const satisfies readonly (keyof NewTopic)[];
const createPartitionsNames = [
  "topicPartitions",
  "validateOnly",
] as const satisfies readonly (keyof CreatePartitions)[];
const newPartitionsNames = ["topic", "count"] as const satisfies readonly (keyof NewPartitions)[];
const alterNames = ["topic", "set", "reset", "dryRun"] as const satisfies readonly (keyof AlterTopicConfigs)[];

/** Topics that are worked on at one time. */
const concurrency = 16;

export class TopicAdmin {
  readonly #calls: AdminCalls;

  constructor(calls: AdminCalls) {
    this.#calls = calls;
  }

  async create(request: CreateTopics, options: Cancellable): Promise<boolean> {
    checkOptionNames("createTopics", request, createNames, replacedOptions("createTopics"));
    const topics = listOf("createTopics", "topics", request.topics).map(newTopicOf);
    const validateOnly = request.validateOnly ?? false;
    const wires = topics.map(({ topic, numPartitions, replicationFactor, configEntries }) => ({
      name: topicName(topic),
      partitions: numPartitions ?? 0,
      replicationFactor: replicationFactor ?? 0,
      configs: (configEntries ?? []).map(({ name, value }) => ({ key: name, value: String(value) })),
      validateOnly,
    }));
    checkUnique(wires.map(({ name }) => name));
    await this.#calls.findBroker(options);
    const { failures } = await forEachItem(wires, { concurrency, nameOf: ({ name }) => name }, (wire) =>
      this.#calls.callOnce(clusterService.createTopic, wire, options),
    );
    const failed = new Set(failures.map(({ name }) => name));
    const created = wires.map(({ name }) => name).filter((name) => !failed.has(name));
    if (!validateOnly && created.length > 0) await this.#calls.dependencies.metadata.refresh(created, options);
    if (failures.some(({ error }) => error.code !== "TOPIC_ALREADY_EXISTS")) throw adminError(failures);
    return failures.length === 0;
  }

  async addPartitions(request: CreatePartitions, options: Cancellable): Promise<boolean> {
    checkOptionNames("createPartitions", request, createPartitionsNames, replacedOptions("createPartitions"));
    const items = listOf("createPartitions", "topicPartitions", request.topicPartitions);
    for (const item of items)
      checkOptionNames("new partitions", item, newPartitionsNames, replacedOptions("newPartitions"));
    const validateOnly = request.validateOnly ?? false;
    const wires = items.map(({ topic, count }) => ({ name: topicName(topic), partitions: count, validateOnly }));
    checkUnique(wires.map(({ name }) => name));
    await this.#calls.findBroker(options);
    const { failures } = await forEachItem(wires, { concurrency, nameOf: ({ name }) => name }, (wire) =>
      this.#calls.callOnce(clusterService.createPartitions, wire, options),
    );
    const names = wires.map(({ name }) => name);
    // Whatever failed: who sends to these topics shall know of what was added.
    if (!validateOnly && names.length > 0) await this.#calls.dependencies.metadata.refresh(names, options);
    if (failures.length > 0) throw adminError(failures);
    return true;
  }

  async delete(request: { readonly topics: readonly (string | AnyTopic)[] }, options: Cancellable): Promise<void> {
    checkOptionNames("deleteTopics", request, ["topics"], replacedOptions("deleteTopics"));
    const names = listOf("deleteTopics", "topics", request.topics).map((topic) => topicName(topicNameOf(topic)));
    await this.#calls.findBroker(options);
    const { failures } = await forEachItem(names, { concurrency, nameOf: (name) => name }, async (name) => {
      await this.#calls.callOnce(clusterService.deleteTopic, { name }, options);
      this.#calls.dependencies.metadata.forget(name);
    });
    if (failures.length > 0) throw adminError(failures);
  }

  async describe(given: string | AnyTopic, options: Cancellable): Promise<TopicDescription> {
    const name = topicName(topicNameOf(given));
    const response = await this.#calls.callAny(clusterService.describeTopic, { name }, options);
    const { topics } = await this.#calls.describe([name], options);
    const topic = topics[0];
    if (response.topic?.error) throw fromWireError(response.topic.error);
    if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: name });
    return { ...topic, configs: response.configs.map(entryOf) };
  }

  async configs(name: string, options: Cancellable): Promise<TopicConfigEntry[]> {
    const response = await this.#calls.callAny(clusterService.describeTopic, { name: topicName(name) }, options);
    return response.configs.map(entryOf);
  }

  async alterConfigs(request: AlterTopicConfigs, options: Cancellable): Promise<TopicConfigEntry[]> {
    checkOptionNames("alterTopicConfigs", request, alterNames);
    const { set = {}, reset = [], dryRun: validateOnly = false } = request;
    const name = topicName(topicNameOf(request.topic));
    const entries = Object.entries(set).map(([key, value]) => ({ key, value: String(value) }));
    await this.#calls.findBroker(options);
    const wire = { name, set: entries, reset: [...reset], validateOnly };
    const response = await this.#calls.callOnce(clusterService.alterTopicConfigs, wire, options);
    return response.configs.map(entryOf);
  }
}

function entryOf(setting: { readonly key: string; readonly value: string; readonly isDefault: boolean }) {
  return { name: setting.key, value: setting.value, isDefault: setting.isDefault };
}

/** A topic with types says itself how it is to be created. */
function newTopicOf(given: NewTopic | AnyTopic): NewTopic {
  if (isTopic(given)) {
    const { name: topic, partitions: numPartitions, replicationFactor, config } = given;
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    return { topic, numPartitions, replicationFactor, configEntries };
  }
  checkOptionNames("a new topic", given, newTopicNames, replacedOptions("newTopic"));
  return given;
}

/** @throws SluiceError INVALID_OPTION */
export function listOf<Item>(subject: string, option: string, given: readonly Item[] | undefined): readonly Item[] {
  if (Array.isArray(given)) return given as readonly Item[];
  throw new SluiceError("INVALID_OPTION", { option, subject, reason: "it takes an array" });
}

function checkUnique(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new SluiceError("INVALID_REQUEST", { reason: `topic '${name}' is in it twice` });
    seen.add(name);
  }
}
