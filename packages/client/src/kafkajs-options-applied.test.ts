/** That each call does with the options of kafkajs what the table says: takes them, or refuses them by name. */

import { isSluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { kafkaJsOptions } from "./kafkajs-options.js";
import { Sluice } from "./sluice.js";
import { FakeCluster } from "./testing/fake-cluster.js";
import { testClient } from "./testing/test-client.js";

type Kind = keyof typeof kafkaJsOptions;

/** Calls that take options of a kind, with `given` among those that they need. What they make of values is not the question. */
const calls: Readonly<Record<Kind, (client: Sluice, given: object) => unknown>> = {
  client: (_client, given) => new Sluice({ brokers: "a", ...given }),
  retry: (_client, given) => new Sluice({ brokers: "a", retry: given }),
  producer: (client, given) => client.producer(given),
  send: (client, given) => client.producer().send({ topic: "t", messages: [], ...given }),
  sendBatch: (client, given) => client.producer().sendBatch({ topicMessages: [], ...given }),
  message: (client, given) => client.producer().send({ topic: "t", messages: [{ value: "a", ...given }] }),
  consumer: (client, given) => client.consumer({ groupId: "g", ...given }),
  subscribe: (client, given) => client.consumer({ groupId: "g" }).subscribe(given),
  run: (client, given) => client.consumer().run({ ...given }),
  admin: (client, given) => (client.admin as (options: object) => unknown)(given),
  createTopics: (client, given) => client.admin().createTopics({ topics: [], ...given }),
  newTopic: (client, given) => client.admin().createTopics({ topics: [{ topic: "new", ...given }] }),
  deleteTopics: (client, given) => client.admin().deleteTopics({ topics: [], ...given }),
  createPartitions: (client, given) => client.admin().createPartitions({ topicPartitions: [], ...given }),
  newPartitions: (client, given) =>
    client.admin().createPartitions({ topicPartitions: [{ topic: "t", count: 2, ...given }] }),
  alterPartitionReassignments: (client, given) => client.admin().alterPartitionReassignments({ topics: [], ...given }),
  topicAssignment: (client, given) =>
    client.admin().alterPartitionReassignments({ topics: [{ topic: "t", partitionAssignment: [], ...given }] }),
  listPartitionReassignments: (client, given) => client.admin().listPartitionReassignments(given),
  fetchTopicMetadata: (client, given) => client.admin().fetchTopicMetadata(given),
  fetchOffsets: (client, given) => client.admin().fetchOffsets({ groupId: "g", topics: [], ...given }),
  setOffsets: (client, given) => client.admin().setOffsets({ groupId: "g", topic: "t", partitions: [], ...given }),
  resetOffsets: (client, given) => client.admin().resetOffsets({ groupId: "g", topic: "t", ...given }),
  describeConfigs: (client, given) => client.admin().describeConfigs({ resources: [], ...given }),
  describedResource: (client, given) =>
    client.admin().describeConfigs({ resources: [{ type: 2, name: "t", ...given }] }),
  alterConfigs: (client, given) => client.admin().alterConfigs({ resources: [], ...given }),
  alteredResource: (client, given) =>
    client.admin().alterConfigs({ resources: [{ type: 2, name: "t", configEntries: [], ...given }] }),
  deleteTopicRecords: (client, given) => client.admin().deleteTopicRecords({ topic: "t", partitions: [], ...given }),
};

/** Values that are right, where a wrong one might be refused before its name is looked at. */
const values: Readonly<Record<string, unknown>> = {
  brokers: "a",
  topic: "t",
  topics: [],
  messages: [],
  partitions: [],
  topicMessages: [],
  topicPartitions: [],
  resources: [],
  configEntries: [],
  groupId: "g",
  eachMessage: () => undefined,
};

/** The code that a call ends with; undefined: it went well. */
async function codeOf(call: () => unknown): Promise<string | undefined> {
  try {
    const made = await call();
    if (made instanceof Sluice) await made.close();
    return undefined;
  } catch (error) {
    if (isSluiceError(error)) return error.code;
    return (error as Error).name;
  }
}

const cases = (Object.keys(kafkaJsOptions) as Kind[]).flatMap((kind) =>
  Object.entries(kafkaJsOptions[kind]).map(([option, answer]) => ({ kind, option, isSame: answer === "same" })),
);

describe("an option of kafkajs", () => {
  it.each(cases)("$kind $option: taken $isSame", async ({ kind, option, isSame }) => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    await using client = testClient(cluster, { retry: { retries: 0 } });
    const given = { [option]: option in values ? values[option] : 1 };
    const code = await codeOf(() => calls[kind](client, given));
    if (isSame) expect(["UNKNOWN_OPTION", "REPLACED_OPTION"]).not.toContain(code);
    else expect(code).toBe("REPLACED_OPTION");
  });

  it("that is misspelled is refused everywhere, so that the cases above mean something", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    await using client = testClient(cluster, { retry: { retries: 0 } });
    for (const kind of Object.keys(calls) as Kind[])
      expect(await codeOf(() => calls[kind](client, { misspelledOption: 1 })), kind).toBe("UNKNOWN_OPTION");
  });
});
