/** Starts brokers. */

import { Broker, type BrokerOptions } from "./broker.js";
import type { BrokerConfig } from "./broker-config.js";
import { type BrokerPorts, nodePorts } from "./broker-ports.js";
import { BrokerRenewal } from "./broker-renewal.js";
import { createLogger } from "./logging.js";
import type { RunningBroker } from "./running-broker.js";

/**
 * Starts a broker; resolves when it is ready to serve. Where its cluster store was restored from a backup, it serves without roles until
 * that is adopted; where that happens while it runs, it is started anew for it.
 * @throws SluiceError ADDRESS_IN_USE, DATA_DIRECTORY_IN_USE, DATA_DIRECTORY_MISMATCH, BROKER_ID_TAKEN, INVALID_CONFIG_VALUE,
 *   CORRUPT_FILE, CORRUPT_CLUSTER_KEY, STORE_UNAVAILABLE, STORE_ACCESS_DENIED
 */
export async function startBroker(options: BrokerOptions, ports?: BrokerPorts): Promise<RunningBroker> {
  let { config } = options;
  const firstPorts = ports ?? nodePorts(config);
  const broker = new BrokerRenewal({
    clock: firstPorts.clock,
    logger: options.logger ?? createLogger(config.logLevel),
    make: (previous, onStale) => {
      if (previous === undefined) return new Broker(options, firstPorts, onStale);
      config = withPortsOf(previous, config);
      return new Broker({ ...options, config }, ports ?? nodePorts(config), onStale);
    },
  });
  try {
    await broker.start();
  } catch (error) {
    // What it throws is the cause of the failed start, not what follows from it.
    await broker.close().catch(() => undefined);
    throw error;
  }
  return broker;
}

/** Where ports were chosen by the system, they stay the same. */
function withPortsOf(previous: RunningBroker, config: BrokerConfig): BrokerConfig {
  const { port, httpPort } = previous;
  const isChosen = config.port === 0 && config.listeners === "" && port > 0 && httpPort > 0;
  return isChosen ? { ...config, port, httpPort } : config;
}
