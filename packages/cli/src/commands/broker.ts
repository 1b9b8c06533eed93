/** `sluice broker`: one broker. Settings from flags win over the environment, that over the file, that over the defaults. */

import {
  brokerConfigTable,
  createLogger,
  type DescribedSetting,
  describeSettings,
  loadBrokerConfig,
  startBroker,
} from "@sluice/broker";
import { type Command, Option } from "commander";
import { lightenHeapMarking } from "../broker-heap.js";
import type { CommandContext } from "../command-context.js";
import { readBrokerSources } from "../config/broker-sources.js";
import { stopOnSignal } from "../stop-on-signal.js";
import { formatTable } from "../table.js";

interface BrokerCommandOptions extends Readonly<Record<string, string | boolean | undefined>> {
  readonly config?: string;
  readonly printConfig?: true;
  readonly output: "table" | "json";
}

export function configure(command: Command, context: CommandContext): void {
  command
    .option("--config <file>", "YAML file with settings, see docs/configuration.md")
    .option("--print-config", "print every setting with where its value comes from, and start nothing")
    .addOption(
      new Option("-o, --output <format>", "of --print-config: table for people, json for programs")
        .choices(["table", "json"])
        .default("table"),
    );
  for (const [key, { doc, unit, default: value }] of Object.entries(brokerConfigTable)) {
    const shown = value === "" ? "" : ` (default: ${value}${unit === "" ? "" : ` ${unit}`})`;
    command.option(`--${flagName(key)} <value>`, `${doc}${shown}`);
  }
  command.action((options: BrokerCommandOptions) => runBroker(options, context));
}

async function runBroker(options: BrokerCommandOptions, context: CommandContext): Promise<void> {
  const { config: path, printConfig, output, ...flags } = options;
  const loaded = loadBrokerConfig(await readBrokerSources({ path, flags }, context));
  if (printConfig === true) {
    await context.stdout.write(settingsText(describeSettings(brokerConfigTable, loaded), output));
    return;
  }
  const { config, origins: configOrigins } = loaded;
  lightenHeapMarking();
  const broker = await startBroker({ config, configOrigins, logger: createLogger(config.logLevel) });
  await context.stdout.write(
    `${JSON.stringify({ id: broker.id, host: broker.host, port: broker.port, httpPort: broker.httpPort })}\n`,
  );
  await stopOnSignal(context, config.stopGraceMs, () => broker.close());
}

function settingsText(settings: readonly DescribedSetting[], output: "table" | "json"): string {
  if (output === "json") return `${JSON.stringify({ settings })}\n`;
  return formatTable(
    [{ title: "KEY" }, { title: "VALUE" }, { title: "UNIT" }, { title: "FROM" }],
    settings.map(({ key, value, unit, origin }) => [key, value || null, unit, origin]),
  );
}

/** `brokerLeaseMs` is `broker-lease-ms`. */
function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
