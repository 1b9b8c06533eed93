/** `sluice broker`: one broker. Settings from flags win over the environment, that over the file, that over the defaults. */

import { readFile } from "node:fs/promises";
import { brokerConfigTable, createLogger, loadBrokerConfig, startBroker } from "@sluice/broker";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.js";
import { stopOnSignal } from "../stop-on-signal.js";

interface BrokerCommandOptions extends Readonly<Record<string, string | undefined>> {
  readonly config?: string;
}

export function configure(command: Command, context: CommandContext): void {
  command.option("--config <file>", "YAML file with settings, see docs/configuration.md");
  for (const [key, { doc, unit, default: value }] of Object.entries(brokerConfigTable)) {
    const shown = value === "" ? "" : ` (default: ${value}${unit === "" ? "" : ` ${unit}`})`;
    command.option(`--${flagName(key)} <value>`, `${doc}${shown}`);
  }
  command.action((options: BrokerCommandOptions) => runBroker(options, context));
}

async function runBroker(options: BrokerCommandOptions, context: CommandContext): Promise<void> {
  const { config: path, ...flags } = options;
  const file = path === undefined ? undefined : { path, text: await readFile(path, "utf8") };
  const { config } = loadBrokerConfig({ flags, environment: context.env, file });
  const broker = await startBroker({ config, logger: createLogger(config.logLevel) });
  await context.stdout.write(
    `${JSON.stringify({ id: broker.id, host: broker.host, port: broker.port, httpPort: broker.httpPort })}\n`,
  );
  await stopOnSignal(context, config.stopGraceMs, () => broker.close());
}

/** `brokerLeaseMs` is `broker-lease-ms`. */
function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
