/**
 * Calls to one broker at an address, with nothing between: no other broker is asked, nothing is tried again. For what looks at brokers one
 * by one.
 */

import type { BrokerAddress, TransportConnection, UnaryMethod } from "@sluice/model";

export interface BrokerCalls extends AsyncDisposable {
  /** @throws SluiceError what the broker answered, BROKER_UNREACHABLE, WRONG_PORT, REQUEST_TIMED_OUT */
  call<Request, Response>(
    address: BrokerAddress,
    method: UnaryMethod<Request, Response>,
    request: Request,
  ): Promise<Response>;
}

/** Connections are made when first used, and closed with it. */
export async function openBrokerCalls(options: {
  /** Milliseconds for one answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}): Promise<BrokerCalls> {
  const { GrpcTransport } = await import("@sluice/protocol");
  const { timeoutMs, signal } = options;
  const transport = new GrpcTransport({ connectTimeoutMs: timeoutMs, clientId: "sluice-cli" });
  const connections = new Map<string, TransportConnection>();
  return {
    call(address, method, request) {
      const key = `${address.host} ${address.port}`;
      const connection = connections.get(key) ?? transport.connect(address);
      connections.set(key, connection);
      return connection.call(method, request, { timeoutMs, signal });
    },
    async [Symbol.asyncDispose]() {
      for (const connection of connections.values()) connection.close();
    },
  };
}

const defaultPort = 9092;

/** The addresses of a list that the client has taken: `a:9092,[::1]:9092`, with or without `sluice://`. */
export function addressesOf(brokers: string): readonly BrokerAddress[] {
  return brokers
    .replace(/^sluice:\/\//, "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const match = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(part);
      return {
        host: match?.[1] ?? match?.[2] ?? part,
        port: match?.[3] === undefined ? defaultPort : Number(match[3]),
      };
    });
}
