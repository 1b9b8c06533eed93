/**
 * One broker: what it is made of, and the order in which that starts and stops.
 *
 * Start: cluster store, log directory, cluster image, listeners (not serving yet), registration, roles, serving.
 * Stop: not serving, controller given back, streams drained within a bound, listeners closed, logs flushed and marked clean,
 * registration revoked. A start that fails stops what had started.
 */

import { type ClusterImage, hasLivingLeader } from "@sluice/cluster";
import { type ClusterStore, FileClusterStore, ImageWatcher } from "@sluice/coordination";
import { type CompactionRunner, CompactionThread, LogDirectory, NodeFileSystem } from "@sluice/log";
import {
  type BrokerId,
  brokerId,
  type Clock,
  type FileSystem,
  groupOffsetsTopic,
  isSluiceError,
  type Random,
  SluiceError,
  type Transport,
  type TransportServer,
} from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { GrpcTransport } from "@sluice/protocol";
import { prepareCompression } from "@sluice/record";
import type { BrokerConfig } from "./broker-config.js";
import { BrokerOperations } from "./broker-operations.js";
import { establishClusterId } from "./cluster/cluster-identity.js";
import { ClusterMembership } from "./cluster-membership.js";
import { GroupCoordinator } from "./groups/group-coordinator.js";
import { OpenStreams } from "./handlers/open-streams.js";
import { InternalClient } from "./internal-client.js";
import { createLogger, type Logger } from "./logging.js";
import { groupFigures } from "./metrics/group-figures.js";
import { PartitionRegistry } from "./partition/partition-registry.js";
import { brokerClientIdOf } from "./quotas/client-quotas.js";
import { type Readiness, readReadiness } from "./readiness.js";
import { servedMethods } from "./served-methods.js";
import { runStopSequence } from "./stop-sequence.js";

export interface BrokerOptions {
  readonly config: BrokerConfig;
  /** Default: JSON lines on standard error, at the configured level. */
  readonly logger?: Logger;
  /** A store that others in this process use too; it stays open. Default: one of its own, in the configured directory. */
  readonly clusterStore?: ClusterStore;
  /** Why that store takes no changes now; undefined while it does. */
  readonly clusterStoreProblem?: () => Error | undefined;
  /** By key of the configuration, where its value came from, in words. Keys that have their default are not in it. */
  readonly configOrigins?: ReadonlyMap<string, string>;
}

/** The ports that a broker reaches the world through. Default: those of Node and gRPC. */
export interface BrokerPorts {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  /** Where logs are compacted; closed with the broker. Default: in the thread of the broker. */
  readonly compactionRunner?: CompactionRunner;
}

export interface RunningBroker extends AsyncDisposable {
  readonly id: number;
  /** Host and port that clients dial. */
  readonly host: string;
  readonly port: number;
  /** Port of /healthz, /readyz and /metrics. */
  readonly httpPort: number;
  /** Stops it, cleanly. Closing twice is closing once. */
  close(): Promise<void>;
}

/** An image's epoch that no partition is led under: this broker is not registered. */
const noBrokerEpoch = -1;
/** How long a start waits for the controller to give this broker its roles; a cluster without a controller starts too. */
const electionWaitMsMax = 3000;

/**
 * Starts a broker; resolves when it is ready to serve.
 * @throws SluiceError ADDRESS_IN_USE, DATA_DIRECTORY_IN_USE, DATA_DIRECTORY_MISMATCH, BROKER_ID_TAKEN, INVALID_CONFIG_VALUE,
 *   CORRUPT_FILE, CORRUPT_CLUSTER_KEY
 */
export async function startBroker(options: BrokerOptions, ports?: BrokerPorts): Promise<RunningBroker> {
  const broker = new Broker(options, ports ?? nodePorts(options.config));
  try {
    await broker.start();
  } catch (error) {
    // What it throws is the cause of the failed start, not what follows from it.
    await broker.close().catch(() => undefined);
    throw error;
  }
  return broker;
}

function nodePorts(config: BrokerConfig): BrokerPorts {
  return {
    fileSystem: new NodeFileSystem(),
    clock: new NodeClock(),
    random: new NodeRandom(),
    transport: new GrpcTransport({ clientId: brokerClientIdOf(config.brokerId) }),
    compactionRunner: new CompactionThread(),
  };
}

class Broker implements RunningBroker {
  readonly id: BrokerId;
  readonly host: string;
  readonly #config: BrokerConfig;
  readonly #ports: BrokerPorts;
  readonly #logger: Logger;
  readonly #operations: BrokerOperations;
  readonly #streams = new OpenStreams();
  readonly #sharedStore: ClusterStore | undefined;
  readonly #sharedStoreProblem: () => Error | undefined;
  readonly #configOrigins: ReadonlyMap<string, string>;
  #ownStore: FileClusterStore | undefined;
  #logDirectory: LogDirectory | undefined;
  #images: ImageWatcher | undefined;
  #registry: PartitionRegistry | undefined;
  #internalClient: InternalClient | undefined;
  #coordinator: GroupCoordinator | undefined;
  #server: TransportServer | undefined;
  #membership: ClusterMembership | undefined;
  /** The registration that the registry has applied an image with. */
  #appliedEpoch: number | undefined;
  #phase: "starting" | "serving" | "draining" = "starting";
  #closing: Promise<void> | undefined;

  constructor(options: BrokerOptions, ports: BrokerPorts) {
    const { config } = options;
    this.id = brokerId(config.brokerId);
    this.host = advertisedHost(config);
    this.#config = config;
    this.#logger = (options.logger ?? createLogger(config.logLevel)).child({ broker: config.brokerId });
    this.#operations = new BrokerOperations(config, { clock: ports.clock, logger: this.#logger });
    this.#ports = { ...ports, fileSystem: this.#operations.measured(ports.fileSystem) };
    this.#sharedStore = options.clusterStore;
    this.#sharedStoreProblem = options.clusterStoreProblem ?? (() => undefined);
    this.#configOrigins = options.configOrigins ?? new Map();
  }

  get port(): number {
    return this.#config.advertisedPort === 0 ? (this.#server?.port ?? 0) : this.#config.advertisedPort;
  }

  get httpPort(): number {
    return this.#operations.httpPort;
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async start(): Promise<void> {
    const { clock, random } = this.#ports;
    const startMs = clock.monotonicMs();
    // Beside the rest: a codec may have to be compiled.
    const compressionPrepared = prepareCompression();
    const store = this.#sharedStore ?? (await this.#openStore());
    const clusterId = await establishClusterId({ store, random });
    const logDirectory = await this.#openLogDirectory(clusterId);
    const images = new ImageWatcher(
      { onError: (error) => this.#logger.warn({ err: error }, "cluster image is behind and is listed again") },
      { store, clock },
    );
    this.#images = images;
    await images.start();
    const registry = new PartitionRegistry(
      { brokerId: this.id },
      { logDirectory, clock, logger: this.#logger, appendLatency: this.#operations.counters.append },
    );
    this.#registry = registry;
    await this.#listen(store, images, registry);
    // Before any partition is led: a batch that is to be compressed anew may come at once.
    await compressionPrepared;
    await this.#join(store, images, registry);
    await this.#rolesTaken(images, registry);
    this.#phase = "serving";
    this.#server?.setServing(true);
    const startedMs = Math.round(clock.monotonicMs() - startMs);
    this.#logger.info({ host: this.host, port: this.port, httpPort: this.httpPort, startedMs }, "broker ready");
  }

  async #openStore(): Promise<FileClusterStore> {
    const path = clusterStorePath(this.#config);
    this.#ownStore = await FileClusterStore.open({ path }, this.#ports);
    return this.#ownStore;
  }

  async #openLogDirectory(clusterId: string): Promise<LogDirectory> {
    const config = this.#config;
    const path = `${config.dataDirectory}/broker-${this.id}`;
    const limits = {
      openFilesMax: config.openFilesMax,
      indexBytesMax: config.indexMemoryBytesMax,
      reserveBytes: config.diskReserveBytes,
      housekeepingIntervalMs: config.retentionCheckIntervalMs,
      producerExpirationMs: config.producerIdExpirationMs,
      compactionBytesPerSecMax: config.compactionBytesPerSecMax,
      compactionMapBytesMax: config.compactionMemoryBytesMax,
    };
    const bootId = await readBootId(this.#ports.fileSystem);
    const directory = await LogDirectory.open(
      { path, brokerId: this.id, clusterId, bootId, limits },
      {
        ...this.#ports,
        onError: (error, doing) => this.#logger.error({ err: error, doing }, "log directory: background work failed"),
      },
    );
    directory.onOffline = (error) => this.#logger.error({ err: error, path }, "log directory is offline");
    this.#logger.info({ path, wasClean: directory.wasClean, lossy: directory.lossyPartitions }, "log directory opened");
    this.#logDirectory = directory;
    return directory;
  }

  async #listen(store: ClusterStore, images: ImageWatcher, registry: PartitionRegistry): Promise<void> {
    const { host, port, connectionsMax, streamsPerConnectionMax } = this.#config;
    const { transport, clock, random } = this.#ports;
    this.#internalClient = new InternalClient({ transport, image: () => images.image });
    const { groupOffsetsRetentionMs: retentionMs, groupOffsetsRetentionCheckIntervalMs: checkIntervalMs } =
      this.#config;
    this.#coordinator = new GroupCoordinator(
      { brokerId: this.id, idleGroups: { retentionMs, checkIntervalMs } },
      { partitions: registry, images, clock, random, logger: this.#logger.child({ component: "groups" }) },
    );
    const methods = servedMethods(
      { brokerId: this.id, config: this.#config },
      {
        store,
        images,
        partitions: registry,
        coordinator: this.#coordinator,
        internalClient: this.#internalClient,
        counters: this.#operations.counters,
        streams: this.#streams,
        slowRequests: this.#operations.slowRequests,
        readiness: () => this.#readiness(),
        diskBytes: () => this.#diskBytes(),
        configOrigins: this.#configOrigins,
        clock,
        random,
        logger: this.#logger,
      },
    );
    const listenOptions = { host, port, connectionsMax, streamsPerConnectionMax };
    this.#server = await transport.listen(listenOptions, this.#operations.around(methods));
    await this.#operations.start(this.#server, {
      readiness: () => this.#readiness(),
      partitions: () => ({ ...registry.totals(), pending: registry.pendingCount }),
      groups: () => groupFigures(this.#coordinator),
      disk: () => ({
        freeBytes: this.#logDirectory?.freeBytes,
        isFull: this.#logDirectory?.diskFull !== undefined,
        isOffline: this.#logDirectory?.failure !== undefined,
      }),
      openStreams: () => this.#streams.count,
    });
  }

  async #join(store: ClusterStore, images: ImageWatcher, registry: PartitionRegistry): Promise<void> {
    const { clock, random } = this.#ports;
    const { rack, brokerLeaseMs, groupOffsetsPartitions, groupOffsetsBrokersMin } = this.#config;
    const apply = (image: ClusterImage, brokerEpoch: number | undefined): void => {
      registry.apply(image, brokerEpoch ?? noBrokerEpoch);
      this.#appliedEpoch = image.brokers.get(this.id)?.brokerEpoch;
    };
    const membership = new ClusterMembership(
      {
        brokerId: this.id,
        host: this.host,
        port: this.port,
        rack,
        leaseMs: brokerLeaseMs,
        groupOffsetsPartitions,
        groupOffsetsBrokersMin,
      },
      {
        store,
        images,
        clock,
        random,
        logger: this.#logger,
        recordLife: async (life) => this.#logDirectory?.beginLife(life),
        onBrokerEpoch: (brokerEpoch) => apply(images.image, brokerEpoch),
      },
    );
    this.#membership = membership;
    images.subscribe((image) => apply(image, membership.brokerEpoch));
    this.#coordinator?.start();
    await membership.start();
  }

  /** Waits until the roles that this broker is to have are known and taken. */
  async #rolesTaken(images: ImageWatcher, registry: PartitionRegistry): Promise<void> {
    const timeout = new AbortController();
    const timer = this.#ports.clock.setTimer(electionWaitMsMax, () => timeout.abort());
    try {
      await images.waitFor((image) => this.#hasItsRoles(image), timeout.signal);
    } catch (error) {
      if (!timeout.signal.aborted) throw error;
      this.#logger.warn({}, "no controller has elected leaders for all partitions yet");
    } finally {
      timer.cancel();
    }
    await registry.settled();
  }

  #hasItsRoles(image: ClusterImage): boolean {
    const brokerEpoch = this.#membership?.brokerEpoch;
    if (brokerEpoch === undefined || image.brokers.get(this.id)?.brokerEpoch !== brokerEpoch) return false;
    const isComplete = image.brokers.size >= this.#config.groupOffsetsBrokersMin;
    if (isComplete && !image.topics.has(groupOffsetsTopic)) return false;
    for (const topic of image.topics.values()) {
      for (const partition of topic.partitions) {
        if (partition.replicas.includes(this.id) && !hasLivingLeader(partition, image.brokers)) return false;
      }
    }
    return true;
  }

  async #diskBytes(): Promise<{ readonly total: number; readonly free: number }> {
    const { fileSystem } = this.#ports;
    const { dataDirectory } = this.#config;
    return { total: await fileSystem.totalBytes(dataDirectory), free: await fileSystem.freeBytes(dataDirectory) };
  }

  #readiness(): Readiness {
    return readReadiness({
      phase: () => this.#phase,
      isRegistered: () => this.#membership?.isRegistered ?? false,
      isImageApplied: () => this.#appliedEpoch !== undefined && this.#appliedEpoch === this.#membership?.brokerEpoch,
      rolesPending: () => this.#registry?.pendingCount ?? 0,
      partitionsOffline: () => this.#registry?.totals().offline ?? 0,
      diskProblem: () => this.#logDirectory?.failure ?? this.#logDirectory?.diskFull,
      storeProblem: () => this.#ownStore?.failure ?? this.#ownStore?.diskFull ?? this.#sharedStoreProblem(),
    });
  }

  async #stop(): Promise<void> {
    this.#phase = "draining";
    this.#server?.setServing(false);
    this.#logger.info({}, "broker stopping");
    this.#operations.drain();
    // Every step below would wait for a change of the store that waits for room.
    this.#ownStore?.stopWaitingForRoom();
    await runStopSequence(
      [
        ["controller", () => this.#membership?.stopController()],
        ["group coordinator", () => this.#coordinator?.close()],
        ["streams", () => this.#streams.drain()],
        ["gRPC listener", () => this.#server?.close(this.#config.stopGraceMs)],
        ["internal client", () => this.#internalClient?.close()],
        ["partitions", () => this.#registry?.close()],
        ["log directory", () => this.#closeLogDirectory()],
        ["registration", () => this.#membership?.close()],
        ["cluster image", () => this.#images?.close()],
        ["HTTP listener and statistics", () => this.#operations.close()],
        ["cluster store", () => this.#ownStore?.close()],
      ],
      this.#logger,
    );
    this.#logger.info({}, "broker stopped");
  }

  /**
   * On a full disk only the marker of a clean stop cannot be written: what was acknowledged is on disk, and the next start looks
   * through the ends of the logs.
   * @throws SluiceError DISK_FAILED where something acknowledged may not have reached the disk
   */
  async #closeLogDirectory(): Promise<void> {
    const directory = this.#logDirectory;
    if (directory === undefined) return;
    try {
      await directory.close();
    } catch (error) {
      if (!isSluiceError(error, "DISK_FULL")) throw error;
      this.#logger.warn({ err: error }, "stopped on a full disk: nothing is lost, and the next start checks the logs");
    }
    if (directory.failure !== undefined) throw directory.failure;
  }
}

/** Names this start of the machine, on Linux; empty elsewhere: then a restart counts as one of the machine. */
async function readBootId(fileSystem: FileSystem): Promise<string> {
  try {
    return (await fileSystem.readFile("/proc/sys/kernel/random/boot_id")).toString("latin1").trim();
  } catch {
    return "";
  }
}

/** Directory of the cluster store of a broker. */
export function clusterStorePath(config: BrokerConfig): string {
  return config.clusterStoreDirectory === "" ? `${config.dataDirectory}/cluster-store` : config.clusterStoreDirectory;
}

/** @throws SluiceError INVALID_CONFIG_VALUE where nobody could dial what would be advertised */
function advertisedHost(config: BrokerConfig): string {
  if (config.advertisedHost !== "") return config.advertisedHost;
  if (config.host === "0.0.0.0" || config.host === "::") {
    const reason = `the broker listens on all addresses (host ${config.host}), so say which one clients dial`;
    throw new SluiceError("INVALID_CONFIG_VALUE", { key: "advertisedHost", value: "", reason });
  }
  return config.host;
}
