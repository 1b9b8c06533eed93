/**
 * docs/coming-from-kafkajs.md is made from the tables of calls and of options, and both are complete against the types that
 * kafkajs ships. `npx vitest run --project unit test/docs -u` writes it anew.
 */

import * as client from "@sluice/client";
import { describe, expect, it } from "vitest";
import { kafkaJsOptions } from "../../packages/client/src/kafkajs-options.js";
import { kafkaJsExportedValues, kafkaJsMembers } from "../support/kafkajs-types.js";
import { type Answer, kafkaJsCalls, kafkaJsValues } from "./kafkajs-calls.js";

const declarations: Readonly<Record<string, readonly string[]>> = {
  Kafka: ["export class Kafka"],
  Producer: ["export type Producer = Sender", "type Sender ="],
  Transaction: ["export type Transaction = Sender"],
  Consumer: ["export type Consumer ="],
  Admin: ["export type Admin ="],
};

const classes: Readonly<Record<string, { readonly prototype: object }>> = {
  Kafka: client.Sluice,
  Producer: client.Producer,
  Consumer: client.Consumer,
  Admin: client.Admin,
};

const optionTitles: Readonly<Record<keyof typeof kafkaJsOptions, string>> = {
  client: "new Kafka",
  retry: "retry",
  producer: "producer",
  send: "send",
  sendBatch: "sendBatch",
  message: "a message",
  consumer: "consumer",
  subscribe: "subscribe",
  run: "run",
  admin: "admin",
  createTopics: "createTopics",
  newTopic: "a topic of createTopics",
  deleteTopics: "deleteTopics",
  createPartitions: "createPartitions",
  newPartitions: "a topic of createPartitions",
  alterPartitionReassignments: "alterPartitionReassignments",
  topicAssignment: "a topic of alterPartitionReassignments",
  listPartitionReassignments: "listPartitionReassignments",
  fetchTopicMetadata: "fetchTopicMetadata",
  fetchOffsets: "fetchOffsets",
  setOffsets: "setOffsets",
  resetOffsets: "resetOffsets",
  describeConfigs: "describeConfigs",
  describedResource: "a resource of describeConfigs",
  alterConfigs: "alterConfigs",
  alteredResource: "a resource of alterConfigs",
  deleteTopicRecords: "deleteTopicRecords",
};

const head = `# Coming from kafkajs

Programs written for kafkajs run here with another import and another constructor:

\`\`\`diff
-import { Kafka } from "kafkajs";
-const kafka = new Kafka({ clientId: "my-app", brokers: ["localhost:9092"] });
+import { Sluice } from "@sluice/client";
+const kafka = new Sluice({ clientId: "my-app", brokers: ["localhost:9092"] });
\`\`\`

The examples of kafkajs's pages Getting Started, Producing, Consuming and Admin are ported like that and run with every test
([test/integration/kafkajs](../test/integration/kafkajs)). What is worth knowing first:

- **Offsets and timestamps are numbers**: \`message.offset + 1\` is the next one. Where offsets are given, their digits as text do as well.
- **What \`send\` answers with** has \`topic\` and \`offset\`, one entry a message. \`topicName\`, \`baseOffset\` and \`errorCode\` are not there: what
  failed is thrown. A message that is read has no \`attributes\` and no \`size\`.
- **\`seek\` answers with a promise**, which is to be awaited. Kafka's offsets -1 and -2 are written \`"latest"\` and \`"earliest"\`.
- **Errors** are told apart by their code, in every copy of the package: \`isSluiceError(error, "UNKNOWN_TOPIC")\`. What may pass is retried
  until its timeout, and not a number of times, unless \`retry.retries\` names one; then the last error itself is thrown, and no
  \`KafkaJSNumberOfRetriesExceeded\` around it.
- **A handler that throws ends the run**: \`CRASH\` is told with \`restart: false\`, and \`finished\` of \`run\` rejects. \`onError\` of \`run\` says
  otherwise.
- **Nothing needs \`connect\`**, and heartbeats go on by themselves: \`await heartbeat()\` may stay, and does nothing.
- **A producer is idempotent**, and \`acks\` is \`all\`, unless told otherwise.
- **An option that is not known is an error** that names the nearest one. Those of kafkajs that have no place here are refused
  with REPLACED_OPTION, which says what to do instead.
- **Topics that do not exist** are created when they are used only where the brokers have \`autoCreateTopics\`: on in
  \`sluice dev\` and in \`startTestCluster()\`, else off.

Beyond kafkajs: \`for await (const message of consumer)\`, typed topics (\`defineTopic\`), retries and dead letters (\`onError\` of
\`run\`), \`producer.write\` and \`asWritable\`, \`consumer.lag()\` and \`health()\`, \`close()\` and \`await using\` everywhere.
`;

function row(name: string, { ours, differs }: Answer): string {
  return `| \`${name}\` | ${ours === undefined ? "—" : `\`${ours}\``} | ${differs ?? ""} |`;
}

function table(title: string, answers: Readonly<Record<string, Answer>>): string {
  const rows = Object.entries(answers).map(([name, answer]) => row(name, answer));
  return `### ${title}\n\n| kafkajs | here | what differs |\n|---|---|---|\n${rows.join("\n")}\n`;
}

function optionTable(kind: keyof typeof kafkaJsOptions): string {
  const rows = Object.entries(kafkaJsOptions[kind]).map(([name, answer]) =>
    answer === "same"
      ? `| \`${name}\` | taken | |`
      : `| \`${name}\` | refused: ${answer.reason} | ${answer.replacement} |`,
  );
  return `### ${optionTitles[kind]}\n\n| option | here | instead |\n|---|---|---|\n${rows.join("\n")}\n`;
}

describe("the page for who comes from kafkajs", () => {
  it.each(Object.keys(declarations))("has every call of %s", (type) => {
    const theirs = (declarations[type] ?? []).flatMap(kafkaJsMembers);
    expect(Object.keys(kafkaJsCalls[type] ?? {}).sort()).toEqual([...new Set(theirs)].sort());
  });

  it("has every exported value", () => {
    expect(Object.keys(kafkaJsValues).sort()).toEqual(kafkaJsExportedValues().sort());
  });

  it("names what is there", () => {
    // `events` is a field, so it is on no prototype.
    for (const [type, made] of Object.entries(classes))
      for (const [name, { ours }] of Object.entries(kafkaJsCalls[type] ?? {}))
        if (ours === name && name !== "events") expect(name in made.prototype, `${type}.${name}`).toBe(true);
    for (const [name, { ours }] of Object.entries(kafkaJsValues))
      if (ours !== undefined && ours !== "DeleteGroupsError") expect(client, name).toHaveProperty(ours);
  });

  it("is docs/coming-from-kafkajs.md", async () => {
    const calls = Object.entries(kafkaJsCalls).map(([type, answers]) => table(type, answers));
    const options = (Object.keys(kafkaJsOptions) as (keyof typeof kafkaJsOptions)[]).map(optionTable);
    const page = [
      head,
      "## Calls\n",
      ...calls,
      table("Exported values", kafkaJsValues),
      "## Options\n\nEvery option of kafkajs 2.2.4. *taken*: under its name, with its meaning.\n",
      ...options,
    ].join("\n");
    await expect(page).toMatchFileSnapshot("../../docs/coming-from-kafkajs.md");
  });
});
