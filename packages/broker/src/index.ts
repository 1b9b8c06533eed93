/** Public door of @sluice/broker: start one broker, or several in one process. */

export type { BrokerOptions } from "./broker.js";
export { type BrokerConfig, brokerConfig, brokerConfigTable } from "./broker-config.js";
export type { BrokerPorts } from "./broker-ports.js";
export {
  type BrokerConfigSources,
  type ConfigProblem,
  type DescribedSetting,
  describeSettings,
  environmentName,
  type InspectedBrokerConfig,
  inspectBrokerConfig,
  type LoadedBrokerConfig,
  loadBrokerConfig,
  type ValueFile,
  valueFilePaths,
} from "./load-broker-config.js";
export { type LocalCluster, type LocalClusterOptions, startLocalCluster } from "./local-cluster.js";
export { createLogger, type Logger, type LogLevel, silentLogger } from "./logging.js";
export { metricCatalogue } from "./metrics/metric-catalogue.js";
export type { MetricDescription } from "./metrics/metric-set.js";
export { noProcessStatistics } from "./no-process-statistics.js";
export type { RunningBroker } from "./running-broker.js";
export { startBroker } from "./start-broker.js";
