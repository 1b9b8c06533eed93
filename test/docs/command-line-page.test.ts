/** docs/command-line.md is made from the commands. `npx vitest run --project unit test/docs -u` writes it anew. */

import { type CommandReference, commandReference, exitCode, type OptionReference } from "@sluice/cli";
import { expect, it } from "vitest";
import { jsonExamples } from "../support/command-line-json.js";

const codeMeanings: Readonly<Record<keyof typeof exitCode, string>> = {
  ok: "It did what it was asked to.",
  failed: "It could not. Standard error says why, and what to do next.",
  usage: "It was called in a way that can never work, or wants `--yes` where nobody can be asked.",
  unhealthy: "It did its work, and what it looked at is not well; or `--dry-run` found something that it would change.",
  timeout: "No answer in time: it may or may not have happened.",
  interrupted: "Ctrl-C.",
  terminated: "SIGTERM. `sluice broker` and `sluice dev` end with 0 after an orderly stop.",
};

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");
}

function optionRow({ flags, description, choices, default: value }: OptionReference): string {
  const words = choices.length === 0 ? "" : ` One of ${choices.map((choice) => `\`${choice}\``).join(", ")}.`;
  const fallback = value === undefined ? "" : ` Default \`${value}\`.`;
  const sentence = cell(description).replace(/\.?$/, ".");
  return `| \`${flags.replaceAll("|", "\\|")}\` | ${sentence}${words}${fallback} |`;
}

function table(options: readonly OptionReference[]): string {
  return options.length === 0 ? "" : `| option | |\n|---|---|\n${options.map(optionRow).join("\n")}\n`;
}

/** `sluice broker` has an option for each key, which another page lists. */
const brokerPage =
  "Every key of [configuration.md](configuration.md) is an option: `brokerLeaseMs` is `--broker-lease-ms`.\n";

function section(command: CommandReference): string {
  const own = command.options.filter(({ isShared }) => !isShared);
  const json = jsonExamples[command.name];
  const parts = [
    `### ${command.name}\n`,
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.\n`,
    `\`\`\`text\n${command.usage}\n\`\`\`\n`,
    command.name === "broker" ? brokerPage : table(own),
    command.notes === "" ? "" : `\`\`\`text\n${command.notes}\n\`\`\`\n`,
    json === undefined ? "" : `\`-o json\`:\n\n\`\`\`json\n${JSON.stringify(json)}\n\`\`\`\n`,
  ];
  return parts.filter((part) => part !== "").join("\n");
}

it("docs/command-line.md shows the commands as they are", async () => {
  const commands = await commandReference();
  const shared = commands.find(({ name }) => name === "topic list")?.options.filter(({ isShared }) => isShared) ?? [];
  const codes = Object.entries(exitCode).map(
    ([name, code]) => `| ${code} | ${codeMeanings[name as keyof typeof exitCode]} |`,
  );
  const page = `# The command line

Made from \`packages/cli/src\`, by \`test/docs/command-line-page.test.ts\`. \`sluice COMMAND --help\` says the same; \`sluice cheat\` has the
commands of a day.

## What all commands share

${table(shared)}
They may stand before the command too: \`sluice --context prod topic list\`. Which brokers are asked, the first that is there:
\`--brokers\`, \`SLUICE_BROKERS\`, \`--context\`, \`SLUICE_CONTEXT\`, the current context, \`localhost:9092\`. Contexts are in
\`$XDG_CONFIG_HOME/sluice/config.json\`, else \`~/.config/sluice/config.json\`; \`sluice dev\` writes one of the name \`dev\`.

Data goes to standard output, everything else to standard error. What destroys something shows what it is about to do and asks; with
\`--yes\` it does not ask, and where nobody can be asked it refuses. \`-o json\` prints one object a line, \`-o yaml\` the same as documents; their
members are added to, and never taken away. Bytes are text where they are UTF-8, else \`{"base64":"..."}\`.

| exit code | |
|---|---|
${codes.join("\n")}

## Commands

${commands.map(section).join("\n")}`;
  await expect(page).toMatchFileSnapshot("../../docs/command-line.md");
});

it("every example of JSON belongs to a command", async () => {
  const names = new Set((await commandReference()).map(({ name }) => name));
  expect(Object.keys(jsonExamples).filter((name) => !names.has(name))).toEqual([]);
});
