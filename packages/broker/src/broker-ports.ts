/** What a broker reaches the world through, and what that is in a process of its own. */

import { type CompactionRunner, CompactionThread, NodeFileSystem } from "@sluice/log";
import type { Clock, FileSystem, Random, Transport } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { GrpcTransport } from "@sluice/protocol";
import type { BrokerConfig } from "./broker-config.js";
import type { startHttpServer } from "./http-server.js";
import type { ProcessStatistics } from "./node-process-statistics.js";
import { brokerClientIdOf } from "./quotas/client-quotas.js";

/** The ports that a broker reaches the world through. Default: those of Node and gRPC. */
export interface BrokerPorts {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  /** Where logs are compacted; closed with the broker. Default: in the thread of the broker. */
  readonly compactionRunner?: CompactionRunner;
  /** Serves /healthz, /readyz and /metrics. Default: node:http. */
  readonly listenHttp?: typeof startHttpServer;
  /** Default: that of this process. */
  readonly processStatistics?: () => ProcessStatistics;
}

/** Those of Node and gRPC. */
export function nodePorts(config: BrokerConfig): BrokerPorts {
  return {
    fileSystem: new NodeFileSystem(),
    clock: new NodeClock(),
    random: new NodeRandom(),
    transport: new GrpcTransport({ clientId: brokerClientIdOf(config.brokerId) }),
    compactionRunner: new CompactionThread(),
  };
}
