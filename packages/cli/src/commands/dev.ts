/**
 * `sluice dev`: several brokers, in this process or each in one of its own, on ports that follow one another. It runs until Ctrl-C or
 * SIGTERM and keeps its data, unless --temporary.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type BrokerConfig, createLogger, loadBrokerConfig, startLocalCluster } from "@sluice/broker";
import { isSluiceError } from "@sluice/model";
import type { Command } from "commander";
import { AdvisedError } from "../advice.js";
import { lightenHeapMarking } from "../broker-heap.js";
import { type CommandContext, UsageError } from "../command-context.js";
import {
  integerBetween,
  isForPrograms,
  type OutputFormat,
  type OutputOptions,
  withOutputOption,
} from "../command-options.js";
import { readBrokerSources } from "../config/broker-sources.js";
import { DevContext } from "../contexts/dev-context.js";
import { describeFailure } from "../describe-failure.js";
import type { DevCluster } from "../dev/dev-cluster.js";
import { startProcessCluster } from "../dev/process-cluster.js";
import { printJson } from "../print-json.js";
import { stopOnSignal } from "../stop-on-signal.js";
import { formatTable } from "../table.js";

interface DevOptions extends OutputOptions {
  readonly brokers: number;
  readonly data?: string;
  readonly port?: number;
  readonly temporary?: true;
  readonly processes?: true;
}

const brokersMax = 32;
const defaultDirectory = "sluice-data";
const defaultPort = 9092;
const httpPortOffset = 100;
const portMax = 65_535;

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
    .option("--processes", "run each broker as a process of its own, over a real etcd, which has to be on PATH")
    .action((options: DevOptions) => dev(options, context));
}

async function dev(options: DevOptions, context: CommandContext): Promise<void> {
  if (options.temporary && options.data !== undefined)
    throw new UsageError("--temporary and --data exclude each other.", "Leave one of them out.");
  const flags = { dataDirectory: options.data, port: options.port };
  const { config, origins } = loadBrokerConfig(await readBrokerSources({ path: undefined, flags }, context));
  checkPorts(config.port, options.brokers);
  const temporary = options.temporary ? await mkdtemp(join(tmpdir(), "sluice-dev-")) : undefined;
  const kept = origins.has("dataDirectory") ? config.dataDirectory : defaultDirectory;
  const dataDirectory = resolve(temporary ?? kept);
  try {
    const cluster = await startCluster({ config, origins, dataDirectory }, options, context);
    const isTemporary = temporary !== undefined;
    const named = new DevContext(context.env, cluster.bootstrap.join(","));
    try {
      const isCurrent = await nameCluster(named, context);
      if (!context.signal.aborted)
        await announce(cluster, { dataDirectory, isTemporary, isCurrent, output: options.output }, context);
      await stopOnSignal(context, config.stopGraceMs, () => cluster.close());
    } finally {
      // A temporary cluster never comes back at this address.
      if (isTemporary) await named.remove().catch(() => undefined);
    }
  } catch (error) {
    if (!isSluiceError(error, "ADDRESS_IN_USE")) throw error;
    throw new AdvisedError(
      error,
      "'sluice dev --port N' takes port N and those that follow, and for HTTP those 100 above; --port 0 takes free ones.",
    );
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}

interface ClusterSettings {
  readonly config: BrokerConfig;
  /** Where the values came from that somebody set. */
  readonly origins: ReadonlyMap<string, string>;
  readonly dataDirectory: string;
}

function startCluster(
  { config, origins, dataDirectory }: ClusterSettings,
  { brokers, processes }: DevOptions,
  context: CommandContext,
): Promise<DevCluster> {
  const { port, host, stopGraceMs } = config;
  if (processes === true) return startProcessCluster({ brokers, dataDirectory, port, host, stopGraceMs }, context);
  lightenHeapMarking();
  return startLocalCluster({
    brokers,
    dataDirectory,
    port,
    host,
    // Only what somebody set: the rest is the local cluster's to choose.
    config: Object.fromEntries([...origins.keys()].map((key) => [key, config[key as keyof BrokerConfig]])),
    configOrigins: origins,
    logger: createLogger(origins.has("logLevel") ? config.logLevel : "warn"),
  });
}

/** @throws UsageError where the last broker would have no port left, for gRPC or, 100 above, for HTTP */
function checkPorts(port: number, brokers: number): void {
  const last = port + brokers - 1 + httpPortOffset;
  if (port === 0 || last <= portMax) return;
  throw new UsageError(
    `From port ${port} on there are not enough: ${brokers} brokers would need ports up to ${last}.`,
    `Choose a port up to ${portMax - (last - port)}, or 0 for free ones.`,
  );
}

/** Writes the context "dev", and says whether commands find the cluster by it. A home that cannot be written to is no reason to stop. */
async function nameCluster(named: DevContext, context: CommandContext): Promise<boolean> {
  try {
    return await named.write();
  } catch (error) {
    await context.stderr.write(`The context 'dev' is not written: ${describeFailure(error).text}\n`);
    return false;
  }
}

interface Announcement {
  readonly dataDirectory: string;
  readonly isTemporary: boolean;
  /** Commands find the cluster without being told where it is. */
  readonly isCurrent: boolean;
  readonly output: OutputFormat;
}

async function announce(cluster: DevCluster, where: Announcement, context: CommandContext): Promise<void> {
  const { dataDirectory, isTemporary } = where;
  const brokers = cluster.brokers.map(({ id, host, port, httpPort, pid }) => {
    return { id, host, port, httpPort, ...(pid === undefined ? {} : { pid }) };
  });
  if (isForPrograms(where)) return printJson(context, { brokers, bootstrap: cluster.bootstrap, dataDirectory }, where);
  const hasProcesses = brokers.some(({ pid }) => pid !== undefined);
  const table = formatTable(
    [{ title: "BROKER" }, { title: "GRPC" }, { title: "HTTP" }, ...(hasProcesses ? [{ title: "PROCESS" }] : [])],
    brokers.map(({ id, host, port, httpPort, pid }) => {
      const addresses = [`${host}:${port}`, `http://${host}:${httpPort}/metrics`];
      return [id, ...addresses, ...(hasProcesses ? [pid ?? null] : [])];
    }),
  );
  const count = brokers.length === 1 ? "1 broker is" : `${brokers.length} brokers are`;
  const data = `${isTemporary ? "Temporary data" : "Data"} in ${dataDirectory}`;
  const next = nextCommands(cluster.bootstrap, where.isCurrent).map((line) => `  ${line}\n`);
  await context.stdout.write(
    `${count} ready. ${data}. Ctrl-C stops.\n\n${table}\nIn another terminal:\n\n${next.join("")}\n`,
  );
}

/** What a reader types next. A broker is named where a command would not find one by itself. */
function nextCommands([first = ""]: readonly string[], isCurrent: boolean): readonly string[] {
  const brokers = isCurrent ? "" : ` --brokers ${first}`;
  return [
    `npx sluice topic create orders --partitions 3${brokers}`,
    `printf 'first\\nsecond\\nthird\\n' | npx sluice produce orders${brokers}`,
    `npx sluice consume orders --group billing${brokers}`,
  ];
}
