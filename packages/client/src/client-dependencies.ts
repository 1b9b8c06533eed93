/** What producers, consumers and admins of one client share. */

import type { Clock, Random } from "@sluice/model";
import type { BrokerConnections } from "./broker-connections.js";
import type { Logger } from "./logger.js";
import type { MetadataCache } from "./metadata-cache.js";
import type { RetryPolicy } from "./retry-policy.js";
import type { ClientTracing } from "./tracing/client-tracing.js";

export interface ClientDependencies {
  readonly clientId: string;
  /** Milliseconds for one request to be answered, and for retries of a short request. */
  readonly requestTimeoutMs: number;
  readonly connections: BrokerConnections;
  readonly metadata: MetadataCache;
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly tracing: ClientTracing;
}
