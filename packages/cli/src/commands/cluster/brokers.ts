/** `sluice cluster brokers`: every broker with its health, version and disk. Exit code 3 where one is not well. */

import type { Command } from "commander";
import { type BrokerLook, lookAtBrokers } from "../../cluster-look.js";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { absentBrokersText } from "../../partition/absent-brokers.js";
import { printAnswer } from "../../print-answer.js";
import { bytesText } from "../../quantities.js";
import { formatTable } from "../../table.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command).action((options: ClusterOptions) => brokers(options, context));
}

async function brokers(options: ClusterOptions, context: CommandContext): Promise<void> {
  const look = await lookAtBrokers(options, context);
  const shown = look.brokers.map(brokerRow);
  const absent = absentBrokersText(look.topics.flatMap(({ partitions }) => partitions));
  if (absent !== "" || shown.some(({ ready }) => !ready)) context.setExitCode(exitCode.unhealthy);
  await printAnswer(context, options, {
    value: { brokers: shown },
    text: () => {
      const right = { align: "right" } as const;
      const columns = [
        { title: "BROKER", ...right },
        { title: "ADDRESS" },
        { title: "STATE" },
        { title: "VERSION" },
        { title: "LEADS", ...right },
        { title: "DISK FREE", ...right },
        { title: "" },
      ];
      const rows = shown.map((row) => [
        row.id,
        `${row.host}:${row.port}`,
        row.state,
        row.version,
        row.leads,
        row.diskBytesFree === null ? null : bytesText(row.diskBytesFree),
        row.controller ? "controller" : "",
      ]);
      const problems = shown.flatMap(({ id, problems: texts }) => texts.map((text) => `broker ${id}: ${text}\n`));
      const remarks = `${absent}${problems.join("")}`;
      return `${formatTable(columns, rows)}${remarks === "" ? "" : `\n${remarks}`}`;
    },
  });
}

function brokerRow(look: BrokerLook) {
  const { id, host, port, rack, isController, isFenced, isDrained, description, error } = look;
  const ready = description?.ready === true && !isFenced;
  return {
    id,
    host,
    port,
    rack,
    controller: isController,
    fenced: isFenced,
    drained: isDrained,
    ready,
    state: stateOf(look),
    problems: error === undefined ? (description?.problems ?? []) : [`${error.message} (${error.code})`],
    version: description?.version ?? null,
    startedAtMs: description?.startedAtMs ?? null,
    leads: description?.leaderPartitions ?? null,
    diskBytesTotal: description?.diskBytesTotal ?? null,
    diskBytesFree: description?.diskBytesFree ?? null,
  };
}

function stateOf({ isFenced, isDrained, description }: BrokerLook): string {
  if (description === undefined) return "no answer";
  if (isFenced) return "fenced";
  if (!description.ready) return "not ready";
  return isDrained ? "drained" : "ready";
}
