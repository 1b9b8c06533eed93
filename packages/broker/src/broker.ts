/**
 * One broker: what it is made of, and the order in which that starts and stops.
 *
 * Start: cluster store, log directory, cluster image, listeners (not serving yet), logs, registration (fenced), exclusions of what may
 * be lost, unfencing, roles, serving. Stop: not serving, controller given back, leaderships handed over and in-sync replicas left, streams
 * drained within a bound, listeners closed, logs flushed and marked clean, registration revoked. A start that fails stops what had
 * started.
 *
 * Where the cluster store was restored from a backup, a start ends after the registration, and the rest follows when that is adopted.
 */

import { type ClusterImage, isCountedOn } from "@sluice/cluster";
import { type ClusterStore, ImageWatcher } from "@sluice/coordination";
import type { LogDirectory } from "@sluice/log";
import { type BrokerId, brokerId, isSluiceError, type SluiceError, sleep } from "@sluice/model";
import { prepareCompression } from "@sluice/record";
import type { BrokerConfig } from "./broker-config.js";
import { closeBrokerLogDirectory, openBrokerLogDirectory } from "./broker-log-directory.js";
import { BrokerOperations } from "./broker-operations.js";
import type { BrokerPorts } from "./broker-ports.js";
import { type BrokerStore, openBrokerStore } from "./broker-store.js";
import { lastBrokerEpochOf } from "./cluster/broker-registration.js";
import { hasAllRoles, isInSyncEverywhere, underReplicatedCount } from "./cluster/broker-roles.js";
import { establishClusterId } from "./cluster/cluster-identity.js";
import { inquireReplicas } from "./cluster/replica-inquiry.js";
import { ClusterMembership } from "./cluster-membership.js";
import { ClusterPeers } from "./cluster-peers.js";
import { GroupCoordinator } from "./groups/group-coordinator.js";
import { OpenStreams } from "./handlers/open-streams.js";
import { imageShows } from "./image-wait.js";
import { InternalClient } from "./internal-client.js";
import {
  type ListenersConfig,
  type RegisteredListeners,
  readListeners,
  registeredListeners,
} from "./listener-config.js";
import { Listeners } from "./listeners.js";
import { createLogger, type Logger } from "./logging.js";
import { groupFigures } from "./metrics/group-figures.js";
import { PartitionRegistry } from "./partition/partition-registry.js";
import { type Readiness, readReadiness } from "./readiness.js";
import type { StartableBroker } from "./running-broker.js";
import { servedMethods } from "./served-methods.js";
import { runStopSequence } from "./stop-sequence.js";
import { StoreHistory } from "./store-history.js";

export interface BrokerOptions {
  readonly config: BrokerConfig;
  /** Default: JSON lines on standard error, at the configured level. */
  readonly logger?: Logger;
  /** A store that others in this process use too; it stays open. Default: one of its own, in etcd or in the configured directory. */
  readonly clusterStore?: ClusterStore;
  /** Why that store takes no changes now; undefined while it does. */
  readonly clusterStoreProblem?: () => Error | undefined;
  /** By key of the configuration, where its value came from, in words. Keys that have their default are not in it. */
  readonly configOrigins?: ReadonlyMap<string, string>;
}

/** What a broker is made of, once its cluster image is there. */
interface BrokerParts {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly peers: ClusterPeers;
  readonly registry: PartitionRegistry;
  readonly storeHistory: StoreHistory;
}

/** An image's epoch that no partition is led under: this broker is not registered, or fenced. */
const noBrokerEpoch = -1;
/** How long a start waits for the controller to give this broker its roles; a cluster without a controller starts too. */
const electionWaitMsMax = 3000;
/** How long it waits then until its replicas are in sync; those that are far behind catch up while it serves. */
const inSyncWaitMsMax = 3000;
/** An earlier process under this id counts as gone after so many lease times, and its registration with it. */
const idWaitLeases = 2;
/** After a registration that failed while the store waits to be adopted. */
const registrationRetryMs = 1000;

/** A broker that may find, while it runs, that it has to be started anew. */
export class Broker implements StartableBroker {
  readonly id: BrokerId;
  readonly #options: BrokerOptions;
  readonly #config: BrokerConfig;
  readonly #listenersConfig: ListenersConfig;
  readonly #ports: BrokerPorts;
  readonly #logger: Logger;
  readonly #operations: BrokerOperations;
  readonly #streams = new OpenStreams();
  #store: BrokerStore | undefined;
  #logDirectory: LogDirectory | undefined;
  #images: ImageWatcher | undefined;
  #internalClient: InternalClient | undefined;
  #peers: ClusterPeers | undefined;
  #registry: PartitionRegistry | undefined;
  #coordinator: GroupCoordinator | undefined;
  #listeners: Listeners | undefined;
  #membership: ClusterMembership | undefined;
  #storeHistory: StoreHistory | undefined;
  readonly #onStale: (error: SluiceError) => void;
  readonly #stopping = new AbortController();
  /** The registration that the registry has applied an image with. */
  #appliedEpoch: number | undefined;
  #appliedImage: ClusterImage | undefined;
  /** Until they are closed, on the way to a stop. */
  #hasPartitions = true;
  #phase: "starting" | "serving" | "draining" = "starting";
  #closing: Promise<void> | undefined;

  /** @param onStale called when it cannot go on with what it has made of its cluster store, at most once */
  constructor(options: BrokerOptions, ports: BrokerPorts, onStale: (error: SluiceError) => void) {
    const { config } = options;
    this.#onStale = onStale;
    this.id = brokerId(config.brokerId);
    this.#options = options;
    this.#config = config;
    this.#listenersConfig = readListeners(config);
    this.#logger = (options.logger ?? createLogger(config.logLevel)).child({ broker: config.brokerId });
    this.#operations = new BrokerOperations(config, {
      clock: ports.clock,
      logger: this.#logger,
      listenHttp: ports.listenHttp,
      processStatistics: ports.processStatistics,
    });
    this.#ports = { ...ports, fileSystem: this.#operations.measured(ports.fileSystem) };
  }

  get host(): string {
    return this.#listenersConfig.interBroker.advertised.host;
  }

  get port(): number {
    return this.#registered().port;
  }

  get listenerPorts(): ReadonlyMap<string, number> {
    const named = this.#listenersConfig.listeners.filter(({ name }) => name !== "");
    return new Map(named.map((listener) => [listener.name, this.#listeners?.portOf(listener) ?? 0]));
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
    const { store } = await this.#openStore();
    const clusterId = await establishClusterId({ store, random });
    const lastBrokerEpoch = await lastBrokerEpochOf(this.id, { store });
    const logDirectory = await this.#openLogDirectory(clusterId, lastBrokerEpoch);
    const storeHistory = this.#newStoreHistory(store, logDirectory);
    const images = await this.#startImages(store, storeHistory);
    const peers = this.#newPeers(store, images, storeHistory);
    const registry = this.#newRegistry(logDirectory, peers);
    const parts = { store, images, peers, registry, storeHistory };
    await this.#listen(parts);
    // Before any partition is led: a batch that is to be compressed anew may come at once.
    await compressionPrepared;
    const membership = this.#join(parts, lastBrokerEpoch);
    if (storeHistory.problem !== undefined) {
      void this.#takePartOnceTrusted(membership, parts);
      this.#phase = "serving";
      this.#logger.error(
        { err: storeHistory.problem, host: this.host, port: this.port },
        "broker serves without roles",
      );
      return;
    }
    await membership.start();
    await this.#serve(parts);
    const startedMs = Math.round(clock.monotonicMs() - startMs);
    this.#logger.info({ host: this.host, port: this.port, httpPort: this.httpPort, startedMs }, "broker ready");
  }

  async #serve({ images, registry }: BrokerParts): Promise<void> {
    await this.#rolesTaken(images, registry);
    if (this.#stopping.signal.aborted) return;
    this.#phase = "serving";
    this.#listeners?.setServing(true);
  }

  /** Registers, fenced, and takes part once the restored store is adopted. Never rejects. */
  async #takePartOnceTrusted(membership: ClusterMembership, parts: BrokerParts): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await membership.start();
        await this.#serve(parts);
        this.#logger.info({ host: this.host, port: this.port }, "broker ready");
        return;
      } catch (error) {
        if (!signal.aborted) this.#logger.warn({ err: error }, "registering failed and is tried again");
        // Or the store was restored once more, and knows another last registration than the one that this broker has read.
        if (isSluiceError(error, "BROKER_ID_TAKEN")) return this.#onStale(error);
      }
      // Stopping ends the wait; the loop sees why.
      await sleep(this.#ports.clock, registrationRetryMs, signal).catch(() => undefined);
    }
  }

  async #openStore(): Promise<BrokerStore> {
    const { clusterStore, clusterStoreProblem = () => undefined } = this.#options;
    const shared = clusterStore === undefined ? undefined : { store: clusterStore, problem: clusterStoreProblem };
    this.#store = await openBrokerStore(this.#config, shared, this.#ports);
    return this.#store;
  }

  async #openLogDirectory(clusterId: string, lastBrokerEpoch: number | undefined): Promise<LogDirectory> {
    this.#logDirectory = await openBrokerLogDirectory(
      { config: this.#config, clusterId, lastBrokerEpoch },
      { ...this.#ports, logger: this.#logger },
    );
    return this.#logDirectory;
  }

  #newStoreHistory(store: ClusterStore, logDirectory: LogDirectory): StoreHistory {
    const logger = this.#logger.child({ component: "store history" });
    this.#storeHistory = new StoreHistory(
      { brokerId: this.id },
      { store, logDirectory, logger, onDistrusted: () => this.#endRoles(), onStale: (error) => this.#onStale(error) },
    );
    return this.#storeHistory;
  }

  async #startImages(store: ClusterStore, storeHistory: StoreHistory): Promise<ImageWatcher> {
    const onError = (err: Error): void => {
      this.#logger.warn({ err }, "cluster image is behind and is listed again");
      if (isSluiceError(err, "STORE_RESTORED")) storeHistory.distrust(err);
    };
    this.#images = new ImageWatcher({ onError }, { store, clock: this.#ports.clock });
    await this.#images.start();
    await storeHistory.begin(this.#images.image);
    return this.#images;
  }

  #newPeers(store: ClusterStore, images: ImageWatcher, storeHistory: StoreHistory): ClusterPeers {
    const { transport, clock, random } = this.#ports;
    const internalClient = new InternalClient({ transport, image: () => images.image });
    this.#internalClient = internalClient;
    this.#peers = new ClusterPeers(
      { brokerId: this.id, config: this.#config },
      {
        store,
        images,
        storeHistory,
        internalClient,
        transport,
        clock,
        random,
        logger: this.#logger,
        brokerEpoch: () => this.#membership?.brokerEpoch,
        isWithinDeadline: () => this.#membership?.isRegistered ?? false,
        onSuspects: (suspects) => this.#membership?.suspect(suspects),
        onWithdrawn: () => this.#leaveIfFailed(images.image),
      },
    );
    return this.#peers;
  }

  /** With a failed disk, and nothing that only it has, this broker is no member: nobody is to give it new partitions. */
  #leaveIfFailed(image: ClusterImage): void {
    if (this.#logDirectory?.failure === undefined || isCountedOn(image, this.id)) return;
    this.#logger.error({}, "this broker leaves the cluster: its disk has failed");
    void this.#membership?.close();
  }

  #newRegistry(logDirectory: LogDirectory, peers: ClusterPeers): PartitionRegistry {
    logDirectory.onFull = () => peers.giveAway();
    this.#registry = new PartitionRegistry(
      { brokerId: this.id, replicaLagMsMax: this.#config.replicaLagMs },
      {
        logDirectory,
        clock: this.#ports.clock,
        logger: this.#logger,
        appendLatency: this.#operations.counters.append,
        replication: peers.replicationPorts,
      },
    );
    return this.#registry;
  }

  async #listen({ store, images, peers, registry, storeHistory }: BrokerParts): Promise<void> {
    const { connectionsMax, streamsPerConnectionMax } = this.#config;
    const { transport, clock, random } = this.#ports;
    const { groupOffsetsRetentionMs: retentionMs, groupOffsetsRetentionCheckIntervalMs: checkIntervalMs } =
      this.#config;
    const coordinator = new GroupCoordinator(
      { brokerId: this.id, idleGroups: { retentionMs, checkIntervalMs } },
      { partitions: registry, images, clock, random, logger: this.#logger.child({ component: "groups" }) },
    );
    this.#coordinator = coordinator;
    const peerMethods = peers.attach(registry, this.#logDirectory as LogDirectory);
    const dependencies = {
      store,
      images,
      storeHistory,
      partitions: registry,
      coordinator,
      handover: peers.handover,
      internalClient: this.#internalClient as InternalClient,
      counters: this.#operations.counters,
      streams: this.#streams,
      slowRequests: this.#operations.slowRequests,
      readiness: () => this.#readiness(),
      diskBytes: () => this.#diskBytes(),
      configOrigins: this.#options.configOrigins ?? new Map<string, string>(),
      clock,
      random,
      logger: this.#logger,
    };
    this.#listeners = await Listeners.open(
      {
        listeners: this.#listenersConfig.listeners,
        connectionsMax,
        streamsPerConnectionMax,
        methodsOf: (listener) => {
          const options = { brokerId: this.id, config: this.#config, listener: listener.name };
          const methods = this.#operations.around(servedMethods(options, dependencies));
          // Clients have no business with what brokers say to one another.
          return listener === this.#listenersConfig.interBroker ? [...methods, ...peerMethods] : methods;
        },
      },
      transport,
    );
    await this.#operations.start(this.#listeners, {
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

  /** Begins to apply images. The membership is to be started. */
  #join(parts: BrokerParts, lastBrokerEpoch: number | undefined): ClusterMembership {
    const { store, images, peers, registry, storeHistory } = parts;
    const { clock, random } = this.#ports;
    const logger = this.#logger;
    const { brokerLeaseMs } = this.#config;
    const membership = new ClusterMembership(
      {
        ...this.#config,
        brokerId: this.id,
        ...this.#registered(),
        leaseMs: brokerLeaseMs,
        idWaitMsMax: idWaitLeases * brokerLeaseMs,
        lastBrokerEpoch,
      },
      {
        store,
        images,
        clock,
        random,
        logger,
        recordLife: async (life) => {
          await storeHistory.recordLife(life.brokerEpoch);
          await this.#logDirectory?.beginLife(life);
        },
        lossyReplicas: () => registry.lossyReplicas(),
        onExcluded: (lossy) => registry.clearLossy(lossy),
        whenTrusted: (signal) => storeHistory.whenTrusted(signal),
        // What was read before the restore, when this broker started, counts no more.
        onStoreRestored: (error) => storeHistory.distrust(error),
        onBrokerEpoch: () => this.#apply(images.image, parts),
        standsIn: () => peers.isElector,
        inquire: (wanted) =>
          inquireReplicas(wanted, { internalClient: this.#internalClient as InternalClient, logger }),
      },
    );
    this.#membership = membership;
    images.subscribe((image) => this.#apply(image, parts));
    this.#apply(images.image, parts);
    this.#coordinator?.start();
    peers.start();
    return membership;
  }

  #apply(image: ClusterImage, { peers, registry, storeHistory }: BrokerParts): void {
    if (!this.#hasPartitions || !storeHistory.examine(image)) return;
    const membership = this.#membership;
    // Fenced, or not registered, it leads nothing.
    const brokerEpoch = membership?.isActive === true ? (membership.brokerEpoch ?? noBrokerEpoch) : noBrokerEpoch;
    registry.apply(image, brokerEpoch, !storeHistory.refusesRoles);
    this.#appliedImage = image;
    this.#appliedEpoch = image.brokers.get(this.id)?.brokerEpoch;
    peers.apply(image);
  }

  #endRoles(): void {
    if (this.#appliedImage !== undefined) this.#registry?.apply(this.#appliedImage, noBrokerEpoch, false);
  }

  /** Waits until the roles that this broker is to have are known and taken, and for a while until its replicas are in sync. */
  async #rolesTaken(images: ImageWatcher, registry: PartitionRegistry): Promise<void> {
    const { groupOffsetsBrokersMin } = this.#config;
    const hasRoles = (image: ClusterImage): boolean => {
      const brokerEpoch = this.#membership?.brokerEpoch;
      if (brokerEpoch === undefined) return false;
      return hasAllRoles(image, { brokerId: this.id, brokerEpoch, groupOffsetsBrokersMin });
    };
    const isKnown = await imageShows(hasRoles, electionWaitMsMax, { images, clock: this.#ports.clock });
    if (!isKnown) this.#logger.warn({}, "no controller has elected leaders for all partitions yet");
    await registry.settled();
    const isInSync = (image: ClusterImage): boolean => isInSyncEverywhere(image, this.id);
    const hasCaughtUp = await imageShows(isInSync, inSyncWaitMsMax, { images, clock: this.#ports.clock });
    if (!hasCaughtUp) this.#logger.info({}, "replicas here are catching up");
  }

  #registered(): RegisteredListeners {
    return registeredListeners(this.#listenersConfig, (listener) => this.#listeners?.portOf(listener) ?? 0);
  }

  async #diskBytes(): Promise<{ readonly total: number; readonly free: number }> {
    const { fileSystem } = this.#ports;
    const { dataDirectory } = this.#config;
    return { total: await fileSystem.totalBytes(dataDirectory), free: await fileSystem.freeBytes(dataDirectory) };
  }

  #readiness(): Readiness {
    return readReadiness({
      phase: () => this.#phase,
      restoredStore: () => this.#storeHistory?.problem,
      isRegistered: () => this.#membership?.brokerEpoch !== undefined,
      isWithinDeadline: () => this.#membership?.isRegistered ?? false,
      isActive: () => this.#membership?.isActive ?? false,
      isImageApplied: () => this.#appliedEpoch !== undefined && this.#appliedEpoch === this.#membership?.brokerEpoch,
      rolesPending: () => this.#registry?.pendingCount ?? 0,
      partitionsUnderReplicated: () => {
        return this.#images === undefined ? 0 : underReplicatedCount(this.#images.image, this.id);
      },
      replicasOffline: () => this.#registry?.offlineReplicas() ?? [],
      diskProblem: () => this.#logDirectory?.failure ?? this.#logDirectory?.diskFull,
      storeProblem: () => this.#store?.problem(),
    });
  }

  async #stop(): Promise<void> {
    this.#phase = "draining";
    this.#stopping.abort();
    this.#listeners?.setServing(false);
    this.#logger.info({}, "broker stopping");
    this.#operations.drain();
    // Every step below would wait for a change of the store that waits for room.
    this.#store?.stopWaitingForRoom();
    await runStopSequence(
      [
        ["controller", () => this.#membership?.stopController()],
        // Without roles there are none, and nobody would answer.
        [
          "leaderships and replicas",
          () => (this.#storeHistory?.refusesRoles === true ? undefined : this.#peers?.leave()),
        ],
        ["group coordinator", () => this.#coordinator?.close()],
        ["streams", () => this.#streams.drain()],
        ["replication", () => this.#peers?.close()],
        ["gRPC listeners", () => this.#listeners?.close(this.#config.stopGraceMs)],
        ["internal client", () => this.#internalClient?.close()],
        ["partitions", () => this.#closePartitions()],
        ["log directory", () => this.#closeLogDirectory()],
        ["registration", () => this.#membership?.close()],
        ["cluster image", () => this.#images?.close()],
        ["HTTP listener and statistics", () => this.#operations.close()],
        ["cluster store", () => this.#store?.close()],
      ],
      this.#logger,
    );
    this.#logger.info({}, "broker stopped");
  }

  /** Nothing is made of an image from here on, and nothing recorded of it: the log directory is closed next. */
  async #closePartitions(): Promise<void> {
    this.#hasPartitions = false;
    await this.#registry?.close();
  }

  async #closeLogDirectory(): Promise<void> {
    if (this.#logDirectory !== undefined) await closeBrokerLogDirectory(this.#logDirectory, this.#logger);
  }
}
