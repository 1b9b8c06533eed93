/** Checks of the addresses that a command begins with: their names, and whether anything listens there. */

import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { addressText, type BrokerAddress } from "@sluice/model";
import { type Check, fail, ok } from "./check.js";

/** The network as the checks see it. */
export interface Network {
  /** Addresses of a host. @throws an error with a code such as ENOTFOUND */
  resolve(host: string): Promise<readonly string[]>;
  /** Milliseconds until a connection stood. @throws an error with a code such as ECONNREFUSED */
  dial(address: BrokerAddress): Promise<number>;
}

/** @param timeoutMs for one connection */
export function realNetwork(timeoutMs: number, signal: AbortSignal): Network {
  return {
    resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    dial: ({ host, port }) => dial({ host, port }, timeoutMs, signal),
  };
}

/** Two checks an address. One address that answers is enough for a client, so the others only warn. */
export async function checkBootstrap(addresses: readonly BrokerAddress[], network: Network): Promise<readonly Check[]> {
  const results = await Promise.all(addresses.map((address) => checkOne(address, network)));
  const answers = results.some((checks) => checks.every(({ status }) => status === "ok"));
  return results
    .flat()
    .map((check) => (check.status === "fail" && answers ? { ...check, status: "warn" as const } : check));
}

async function checkOne(address: BrokerAddress, network: Network): Promise<readonly Check[]> {
  const text = addressText(address);
  let found: readonly string[];
  try {
    found = await network.resolve(address.host);
  } catch (error) {
    return [
      fail(
        "bootstrap.dns",
        `${address.host} has no address: ${codeOf(error)}.`,
        "Check the spelling; a name of a container network is known only inside it.",
      ),
    ];
  }
  // An address is no name: there is nothing to say about it.
  const resolved =
    isIP(address.host) === 0 ? [ok("bootstrap.dns", `${address.host} is ${found.slice(0, 3).join(", ")}`)] : [];
  try {
    const ms = await network.dial(address);
    return [...resolved, ok("bootstrap.tcp", `${text} takes connections (${ms.toFixed(1)} ms)`)];
  } catch (error) {
    const code = codeOf(error);
    const next =
      code === "ECONNREFUSED"
        ? "Nothing listens there: is the broker running? 'npx sluice dev' starts a cluster on this machine."
        : "Something between drops the packets: check firewall, security group and port mapping.";
    return [...resolved, fail("bootstrap.tcp", `${text} takes no connection: ${code}.`, next)];
  }
}

function dial(address: BrokerAddress, timeoutMs: number, signal: AbortSignal): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, signal });
    socket.setTimeout(timeoutMs, () => {
      socket.destroy();
      reject(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" }));
    });
    socket.once("connect", () => {
      socket.destroy();
      resolve(performance.now() - startMs);
    });
    socket.once("error", reject);
  });
}

function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : (error as Error).message;
}
