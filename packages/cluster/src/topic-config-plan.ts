/** Settings of a topic that exists, changed one by one: the request checked, and turned into one transaction. */

import {
  isInternalTopic,
  nearestName,
  readConfig,
  SluiceError,
  type TopicConfig,
  topicConfigTable,
  topicName,
} from "@sluice/model";
import type { ClusterImage, TopicImage } from "./cluster-image.js";
import { topicKey } from "./cluster-keys.js";
import { formatTopicValue } from "./cluster-values.js";
import type { PlannedTransaction } from "./planned-transaction.js";
import { checkedConfigs } from "./topic-plan.js";

export interface ConfigAlterationRequest {
  readonly name: string;
  /** The last of a key counts. */
  readonly set: readonly { readonly name: string; readonly value: string }[];
  /** Keys that get their default back. */
  readonly reset: readonly string[];
}

export interface ConfigAlteration {
  /** As it was when this was planned. */
  readonly topic: TopicImage;
  /** Settings that will differ from the default. */
  readonly configOverrides: Readonly<Record<string, string>>;
  /** All settings that will be in force. */
  readonly config: TopicConfig;
  /** Fails when the topic was changed meanwhile. Undefined: everything is as it shall be already. */
  readonly transaction: PlannedTransaction | undefined;
}

/**
 * Checks a client's request and plans it.
 *
 * @throws SluiceError INVALID_TOPIC_NAME, INTERNAL_TOPIC, UNKNOWN_TOPIC, UNKNOWN_CONFIG_KEY, INVALID_CONFIG_VALUE, and
 *   INVALID_REQUEST for a key that is both set and reset
 */
export function planConfigAlteration(image: ClusterImage, request: ConfigAlterationRequest): ConfigAlteration {
  const name = topicName(request.name);
  if (isInternalTopic(name)) throw new SluiceError("INTERNAL_TOPIC", { topic: name });
  const topic = image.topics.get(name);
  if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: name });
  const configs = alteredConfigs(topic, request);
  const entries = Object.entries(configs).map(([key, raw]) => ({ key, raw }));
  const altered = { topic, configOverrides: configs, config: readConfig(topicConfigTable, "topic", entries) };
  if (isSame(configs, topic.configOverrides)) return { ...altered, transaction: undefined };
  const { id, partitions, version } = topic;
  const value = formatTopicValue({ id, partitions: partitions.length, configs });
  const transaction: PlannedTransaction = {
    purpose: `altering settings of topic '${name}'`,
    compares: [{ key: topicKey(name), target: "modRevision", equals: version }],
    operations: [{ type: "put", key: topicKey(name), value }],
  };
  return { ...altered, transaction };
}

function alteredConfigs(topic: TopicImage, { set, reset }: ConfigAlterationRequest): Record<string, string> {
  const changes = checkedConfigs(set);
  const configs = { ...topic.configOverrides, ...changes };
  for (const key of reset) {
    if (!Object.hasOwn(topicConfigTable, key)) {
      const nearest = nearestName(key, Object.keys(topicConfigTable));
      throw new SluiceError("UNKNOWN_CONFIG_KEY", { key, subject: "topic", nearest });
    }
    if (Object.hasOwn(changes, key)) {
      throw new SluiceError("INVALID_REQUEST", { reason: `'${key}' cannot be both set and reset` });
    }
    delete configs[key];
  }
  return configs;
}

function isSame(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key]);
}
