/** `sluice version`: of this program, and of the brokers where they answer. */

import type { Command } from "commander";
import type { CommandContext } from "../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../command-options.js";
import { describeFailure } from "../describe-failure.js";
import { printAnswer } from "../print-answer.js";
import { programVersion } from "../program-version.js";
import { formatTable } from "../table.js";

interface VersionOptions extends ClusterOptions {
  readonly client?: true;
}

interface BrokerVersion {
  readonly id: number;
  /** Null: it did not answer. */
  readonly version: string | null;
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .option("--client", "only of this program")
    .action((options: VersionOptions) => version(options, context));
}

async function version(options: VersionOptions, context: CommandContext): Promise<void> {
  const client = { version: programVersion(), node: process.versions.node };
  let brokers: readonly BrokerVersion[] = [];
  let why = "";
  if (options.client !== true) {
    try {
      brokers = await brokerVersions(options, context);
    } catch (error) {
      // That no broker answers does not keep it from saying what it knows.
      if (context.signal.aborted) throw error;
      why = describeFailure(error).text;
    }
  }
  await printAnswer(context, options, {
    value: { client, brokers },
    text: () => {
      const rows = [["client", client.version], ...brokers.map((broker) => [`broker ${broker.id}`, broker.version])];
      return formatTable([{ title: "" }, { title: "VERSION" }], rows);
    },
  });
  if (why !== "" && options.quiet !== true) await context.stderr.write(`The brokers' versions are not known: ${why}\n`);
}

async function brokerVersions(options: ClusterOptions, context: CommandContext): Promise<readonly BrokerVersion[]> {
  const { lookAtBrokers } = await import("../cluster-look.js");
  const { brokers } = await lookAtBrokers(options, context);
  return brokers.map(({ id, description }) => ({ id, version: description?.version ?? null }));
}
