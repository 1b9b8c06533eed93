/**
 * The gRPC listeners of a broker, as its settings name them, and what is told of each to those who dial.
 *
 *     listeners            internal=0.0.0.0:9092,external=0.0.0.0:19092
 *     advertisedListeners  internal=broker-1:9092
 *
 * One without an advertised address, here `external`, is told as it was dialled: the host that the caller named, and the listener's own
 * port. In the registration its host is empty. Where `listeners` is empty there is one listener without a name, at `host` and `port`.
 */

import type { BrokerEndpoint } from "@sluice/cluster";
import { SluiceError } from "@sluice/model";
import type { BrokerConfig } from "./broker-config.js";

export interface ListenerConfig {
  /** Empty: the only one. */
  readonly name: string;
  /** Where it listens. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** What is dialled to reach it. An empty host: as it was dialled. Port 0: its own. */
  readonly advertised: BrokerEndpoint;
}

export interface ListenersConfig {
  /** At least one. */
  readonly listeners: readonly ListenerConfig[];
  /** The one at which brokers dial one another. */
  readonly interBroker: ListenerConfig;
}

/** What the registration of a broker says of its listeners. */
export interface RegisteredListeners extends BrokerEndpoint {
  readonly listeners: Readonly<Record<string, BrokerEndpoint>>;
}

type ListenersKey = "listeners" | "advertisedListeners" | "interBrokerListener" | "advertisedHost";

const wildcards = ["0.0.0.0", "::"];
const portMax = 65_535;

/** @throws SluiceError INVALID_CONFIG_VALUE where they make no sense, or where no broker could dial another */
export function readListeners(config: BrokerConfig): ListenersConfig {
  const bound = readEndpoints("listeners", config.listeners);
  const listeners = bound.size === 0 ? [onlyListener(config)] : namedListeners(config, bound);
  const [first] = listeners;
  const named = listeners.find(({ name }) => name === config.interBrokerListener);
  const interBroker = named ?? (listeners.length === 1 ? first : undefined);
  if (interBroker === undefined) {
    return refuse("interBrokerListener", config.interBrokerListener, "listeners has none of that name");
  }
  if (interBroker.advertised.host === "") {
    const reason = `brokers dial one another at listener '${interBroker.name}', so say at which address`;
    return refuse("advertisedListeners", config.advertisedListeners, reason);
  }
  return { listeners, interBroker };
}

/** What is registered, now that the ports are bound. @param boundPort the port that a listener got */
export function registeredListeners(
  { listeners, interBroker }: ListenersConfig,
  boundPort: (listener: ListenerConfig) => number,
): RegisteredListeners {
  const endpointOf = (listener: ListenerConfig): BrokerEndpoint => {
    const { host, port } = listener.advertised;
    return { host, port: port === 0 ? boundPort(listener) : port };
  };
  const named = listeners.filter(({ name }) => name !== "");
  return {
    ...endpointOf(interBroker),
    listeners: Object.fromEntries(named.map((listener) => [listener.name, endpointOf(listener)])),
  };
}

function onlyListener({ host, port, advertisedHost, advertisedPort }: BrokerConfig): ListenerConfig {
  if (advertisedHost === "" && wildcards.includes(host)) {
    const reason = `the broker listens on all addresses (host ${host}), so say which one clients dial`;
    return refuse("advertisedHost", "", reason);
  }
  const advertised = { host: advertisedHost === "" ? host : advertisedHost, port: advertisedPort };
  return { name: "", host, port, advertised };
}

function namedListeners(config: BrokerConfig, bound: ReadonlyMap<string, BrokerEndpoint>): ListenerConfig[] {
  const advertised = readEndpoints("advertisedListeners", config.advertisedListeners);
  const unknown = [...advertised.keys()].find((name) => !bound.has(name));
  if (unknown !== undefined) {
    return refuse("advertisedListeners", config.advertisedListeners, `listeners has no '${unknown}'`);
  }
  return [...bound].map(([name, { host, port }]) => ({
    name,
    host,
    port,
    advertised: advertised.get(name) ?? { host: wildcards.includes(host) ? "" : host, port: 0 },
  }));
}

/** `name=host:port,...`; an IPv6 address stands in brackets. */
function readEndpoints(key: ListenersKey, text: string): Map<string, BrokerEndpoint> {
  const endpoints = new Map<string, BrokerEndpoint>();
  if (text.trim() === "") return endpoints;
  for (const entry of text.split(",")) {
    const match = /^\s*([A-Za-z0-9_-]+)=(?:\[([^\]]+)\]|([^\s:[\]]+)):(\d{1,5})\s*$/.exec(entry);
    const [, name = "", bracketed, plain, digits] = match ?? [];
    const port = Number(digits);
    if (match === null || port > portMax) return refuse(key, text, `'${entry.trim()}' is not name=host:port`);
    if (endpoints.has(name)) return refuse(key, text, `'${name}' is named twice`);
    endpoints.set(name, { host: bracketed ?? plain ?? "", port });
  }
  return endpoints;
}

function refuse(key: ListenersKey, value: string, reason: string): never {
  throw new SluiceError("INVALID_CONFIG_VALUE", { key, value, reason });
}
