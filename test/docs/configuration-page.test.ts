/** docs/configuration.md is made from the configuration tables. `npx vitest run --project unit test/docs -u` writes it anew. */

import { brokerConfigTable, environmentName } from "@sluice/broker";
import { type ConfigTable, topicConfigTable } from "@sluice/model";
import { expect, it } from "vitest";

function rows(table: ConfigTable, firstColumns: (key: string) => string): string {
  return Object.entries(table)
    .map(([key, { default: value, format, unit, takes, doc }]) => {
      const text = (format as (value: unknown) => string)(value);
      const shown = text === "" ? "" : `\`${text}\``;
      return `| ${firstColumns(key)} | ${shown} | ${unit} | ${takes} | ${doc} |`;
    })
    .join("\n");
}

it("docs/configuration.md shows the configuration tables as they are", async () => {
  const page = `# Configuration

Made from \`packages/broker/src/broker-config.ts\` and \`packages/model/src/topic-config.ts\`.

## Broker

A key is set by a flag of \`sluice broker\`, else by the environment, else in the YAML file that \`--config\` names, else it has its default. Unknown keys are refused.
A variable with \`_FILE\` behind its name holds the path of a file with the value. \`sluice config validate\` says what is wrong; \`sluice broker --print-config\` where each value comes from.

| key, and flag | environment | default | unit | takes | what it does |
|---|---|---|---|---|---|
${rows(brokerConfigTable, (key) => `\`${key}\` | \`${environmentName(key)}\``)}

## Topic

Given when a topic is created: \`sluice topic create orders --partitions 3 --config flush=os\`. Names are Kafka's, plus \`flush\`.

| key | default | unit | takes | what it does |
|---|---|---|---|---|
${rows(topicConfigTable, (key) => `\`${key}\``)}
`;
  await expect(page).toMatchFileSnapshot("../../docs/configuration.md");
});
