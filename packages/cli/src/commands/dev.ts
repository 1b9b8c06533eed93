/**
 * `sluice dev`: several brokers in this process, on ports that follow one another. It runs until Ctrl-C or SIGTERM and keeps its
 * data, unless --temporary.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  type BrokerConfig,
  createLogger,
  type LocalCluster,
  loadBrokerConfig,
  startLocalCluster,
} from "@sluice/broker";
import type { Command } from "commander";
import { type CommandContext, UsageError } from "../command-context.js";
import { integerBetween, withOutputOption } from "../command-options.js";
import { stopOnSignal } from "../stop-on-signal.js";
import { formatTable } from "../table.js";

interface DevOptions {
  readonly brokers: number;
  readonly data?: string;
  readonly port?: number;
  readonly temporary?: true;
  readonly output: "table" | "json";
}

const brokersMax = 32;
const defaultDirectory = "sluice-data";
const defaultPort = 9092;

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .option("--brokers <count>", "how many brokers", integerBetween(1, brokersMax), 3)
    .option("--data <directory>", `where the data is kept (default: $SLUICE_DATA_DIRECTORY or ${defaultDirectory})`)
    .option(
      "--port <port>",
      `gRPC port of the first broker, the others follow; 0: free ones (default: $SLUICE_PORT or ${defaultPort})`,
      integerBetween(0, 65_535),
    )
    .option("--temporary", "keep the data in a temporary directory, and remove it at the end")
    .action((options: DevOptions) => dev(options, context));
}

async function dev(options: DevOptions, context: CommandContext): Promise<void> {
  if (options.temporary && options.data !== undefined)
    throw new UsageError("--temporary and --data exclude each other.", "Leave one of them out.");
  const { config, origins } = loadBrokerConfig({
    flags: { dataDirectory: options.data, port: options.port },
    environment: context.env,
  });
  const temporary = options.temporary ? await mkdtemp(join(tmpdir(), "sluice-dev-")) : undefined;
  const kept = origins.has("dataDirectory") ? config.dataDirectory : defaultDirectory;
  const dataDirectory = resolve(temporary ?? kept);
  try {
    const cluster = await startLocalCluster({
      brokers: options.brokers,
      dataDirectory,
      port: config.port,
      host: config.host,
      // Only what somebody set: the rest is the local cluster's to choose.
      config: Object.fromEntries([...origins.keys()].map((key) => [key, config[key as keyof BrokerConfig]])),
      logger: createLogger(origins.has("logLevel") ? config.logLevel : "warn"),
    });
    const isTemporary = temporary !== undefined;
    if (!context.signal.aborted)
      await announce(cluster, { dataDirectory, isTemporary, output: options.output }, context);
    await stopOnSignal(context, config.stopGraceMs, () => cluster.close());
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}

async function announce(
  cluster: LocalCluster,
  where: { readonly dataDirectory: string; readonly isTemporary: boolean; readonly output: "table" | "json" },
  context: CommandContext,
): Promise<void> {
  const { dataDirectory, isTemporary } = where;
  const brokers = cluster.brokers.map(({ id, host, port, httpPort }) => ({ id, host, port, httpPort }));
  if (where.output === "json") {
    await context.stdout.write(`${JSON.stringify({ brokers, bootstrap: cluster.bootstrap, dataDirectory })}\n`);
    return;
  }
  const table = formatTable(
    [{ title: "BROKER" }, { title: "GRPC" }, { title: "HTTP" }],
    brokers.map(({ id, host, port, httpPort }) => [id, `${host}:${port}`, `http://${host}:${httpPort}/metrics`]),
  );
  const count = brokers.length === 1 ? "1 broker is" : `${brokers.length} brokers are`;
  const data = `${isTemporary ? "Temporary data" : "Data"} in ${dataDirectory}`;
  const next = nextCommands(cluster.bootstrap).map((line) => `  ${line}\n`);
  await context.stdout.write(
    `${count} ready. ${data}. Ctrl-C stops.\n\n${table}\nIn another terminal:\n\n${next.join("")}\n`,
  );
}

/** What a reader types next. A broker is named where a command would not find one by itself. */
function nextCommands([first = ""]: readonly string[]): readonly string[] {
  const brokers = first.endsWith(`:${defaultPort}`) ? "" : ` --brokers ${first}`;
  return [
    `npx sluice topic create orders --partitions 3${brokers}`,
    `printf 'first\\nsecond\\nthird\\n' | npx sluice produce orders${brokers}`,
    `npx sluice consume orders --group billing${brokers}`,
  ];
}
