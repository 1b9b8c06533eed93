/**
 * What surrounds the work of a broker: counts and limits around its methods, the log of slow requests, and the HTTP listener that tells
 * of all this. Nothing here knows of partitions or of the cluster; what it shows of them it is given.
 */

import type { Clock, FileSystem, ServedMethod, TransportServer } from "@sluice/model";
import type { BrokerConfig } from "./broker-config.js";
import { BrokerCounters } from "./broker-counters.js";
import { httpRoutes } from "./http-routes.js";
import { type HttpServer, startHttpServer } from "./http-server.js";
import type { Logger } from "./logging.js";
import { withMethodCounters } from "./method-counters.js";
import { BrokerMetrics, type BrokerMetricsSources } from "./metrics/broker-metrics.js";
import { MeasuredFileSystem } from "./metrics/measured-file-system.js";
import { NodeProcessStatistics, type ProcessStatistics } from "./node-process-statistics.js";
import { ClientQuotas, type QuotaRates } from "./quotas/client-quotas.js";
import { withQuotas } from "./quotas/quota-methods.js";
import type { Readiness } from "./readiness.js";
import { RefusedConnectionsReport } from "./refused-connections-report.js";
import { SlowRequestLog } from "./slow-request-log.js";

export interface BrokerOperationsDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: a listener on node:http. */
  readonly listenHttp?: typeof startHttpServer | undefined;
  /** Default: that of this process. */
  readonly processStatistics?: (() => ProcessStatistics) | undefined;
}

/** What only the broker itself knows. */
export interface ShownOfBroker extends Pick<BrokerMetricsSources, "partitions" | "groups" | "disk" | "openStreams"> {
  readiness(): Readiness;
}

/** Where HTTP is served, above the port of gRPC, unless the configuration says. */
const httpPortOffset = 100;

export class BrokerOperations {
  readonly counters = new BrokerCounters();
  readonly slowRequests: SlowRequestLog;
  readonly #config: BrokerConfig;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listenHttp: typeof startHttpServer;
  readonly #newStatistics: () => ProcessStatistics;
  readonly #quotas: ClientQuotas;
  #refusedConnections: RefusedConnectionsReport | undefined;
  #statistics: ProcessStatistics | undefined;
  #httpServer: HttpServer | undefined;

  constructor(config: BrokerConfig, dependencies: BrokerOperationsDependencies) {
    const { clock, logger } = dependencies;
    this.#listenHttp = dependencies.listenHttp ?? startHttpServer;
    this.#newStatistics = dependencies.processStatistics ?? (() => new NodeProcessStatistics());
    this.#config = config;
    this.#clock = clock;
    this.#logger = logger;
    this.#quotas = new ClientQuotas(quotaRatesOf(config), clock);
    this.slowRequests = new SlowRequestLog(config, { clock, logger });
  }

  /** Port of the HTTP listener; 0 before there is one. */
  get httpPort(): number {
    return this.#httpServer?.port ?? 0;
  }

  /** The same file system, measured. */
  measured(fileSystem: FileSystem): FileSystem {
    return new MeasuredFileSystem({ fileSystem, counters: this.counters.disk, clock: this.#clock });
  }

  /** The same methods, counted and within the quotas of their callers. */
  around(methods: readonly ServedMethod[]): readonly ServedMethod[] {
    const { counters, slowRequests } = this;
    // Inside the quotas: what a client waits for its own is no time of the broker.
    const counted = withMethodCounters(methods, { counters: counters.calls, slowRequests, clock: this.#clock });
    return withQuotas(counted, this.#quotas);
  }

  /** Serves /healthz, /readyz and /metrics, and watches the connections of `server`. @throws SluiceError ADDRESS_IN_USE */
  async start(server: TransportServer, shown: ShownOfBroker): Promise<void> {
    const { host, port, httpPort, connectionsMax } = this.#config;
    this.#refusedConnections = new RefusedConnectionsReport(
      { connectionsMax },
      { clock: this.#clock, logger: this.#logger, refusedCount: () => server.refusedConnectionCount },
    );
    this.#refusedConnections.start();
    this.#statistics = this.#newStatistics();
    const metrics = new BrokerMetrics({
      ...shown,
      counters: this.counters,
      connections: () => ({ open: server.connectionCount, refused: server.refusedConnectionCount }),
      throttledMs: () => this.#quotas.throttledMs,
      slowRequests: () => this.slowRequests.count,
      isReady: () => shown.readiness().isReady,
      processStatistics: this.#statistics,
    });
    const routes = httpRoutes({ readiness: () => shown.readiness(), metrics });
    const wanted = httpPort >= 0 ? httpPort : port === 0 ? 0 : server.port + httpPortOffset;
    this.#httpServer = await this.#listenHttp({ host, port: wanted, option: "httpPort" }, routes);
  }

  /** Nothing waits for its quota any more: what has begun is to be finished. */
  drain(): void {
    this.#quotas.lift();
  }

  /** Ends the HTTP listener, and leaves no timer. */
  async close(): Promise<void> {
    this.#refusedConnections?.close();
    this.#statistics?.close();
    await this.#httpServer?.close();
  }
}

function quotaRatesOf(config: BrokerConfig): QuotaRates {
  return {
    produce: config.quotaProduceBytesPerSec,
    fetch: config.quotaFetchBytesPerSec,
    request: config.quotaRequestsPerSec,
  };
}
