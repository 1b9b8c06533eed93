/**
 * What a client is told to dial: the addresses of the listener by which it came.
 *
 * Each broker registers an address for each of its listeners. One without a host is told as this broker was dialled: all brokers are
 * then behind the same name, each at its own port, as with forwarded ports of one machine.
 */

import type { BrokerEndpoint, BrokerRegistration } from "@sluice/cluster";

/** How a caller reached this broker. */
export interface DialledListener {
  /** Name of the listener; undefined or empty: the only one. */
  readonly listener?: string | undefined;
  /** `host:port` as the caller named it; empty: not known. */
  readonly authority: string;
}

/** Where whoever came that way reaches that broker. */
export function endpointFor(
  registration: BrokerRegistration,
  { listener, authority }: DialledListener,
): BrokerEndpoint {
  const named = listener === undefined ? undefined : registration.listeners[listener];
  const { host, port } = named ?? registration;
  // A caller that came some other way than by a name is told what brokers dial.
  return { host: host || hostOf(authority) || registration.host, port };
}

/** The host of `host:port` or `[address]:port`, without brackets. */
function hostOf(authority: string): string {
  const host = authority.replace(/:\d*$/, "");
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}
