/** Public door of @sluice/broker: start one broker, or several in one process. */

export { type BrokerOptions, type RunningBroker, startBroker } from "./broker.js";
export { type BrokerConfig, brokerConfig, brokerConfigTable } from "./broker-config.js";
export {
  type BrokerConfigSources,
  environmentName,
  type LoadedBrokerConfig,
  loadBrokerConfig,
} from "./load-broker-config.js";
export { type LocalCluster, type LocalClusterOptions, startLocalCluster } from "./local-cluster.js";
export { createLogger, type Logger, type LogLevel, silentLogger } from "./logging.js";
