/** Every metric that a broker publishes, without a broker: for docs/metrics.md and for whoever checks dashboards. */

import { BrokerCounters } from "../broker-counters.js";
import { noProcessStatistics } from "../no-process-statistics.js";
import { BrokerMetrics } from "./broker-metrics.js";
import type { MetricDescription } from "./metric-set.js";

/** Descriptions of all metrics, in the order in which they are published. */
export function metricCatalogue(): readonly MetricDescription[] {
  return new BrokerMetrics({
    counters: new BrokerCounters(),
    partitions: () => ({
      led: 0,
      offline: 0,
      pending: 0,
      parkedFetches: 0,
      logSizeBytes: 0,
      unwrittenRecords: 0,
      unflushedRecords: 0,
    }),
    groups: () => ({ byState: new Map(), members: 0, pending: 0 }),
    disk: () => ({ freeBytes: undefined, isFull: false, isOffline: false }),
    openStreams: () => 0,
    connections: () => ({ open: 0, refused: 0 }),
    throttledMs: () => ({ produce: 0, fetch: 0, request: 0 }),
    slowRequests: () => 0,
    isReady: () => false,
    processStatistics: noProcessStatistics,
  }).descriptions;
}
