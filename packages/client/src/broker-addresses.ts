/**
 * The `brokers` option: where to look for the cluster first.
 *
 *     "a:9092"   "a"   "[::1]:9092"   "a:9092,b:9093"   "sluice://a:9092,b:9093"   ["a:9092", "b:9093"]   async () => [...]
 *
 * One broker that answers is enough: it names the others.
 */

import { type BrokerAddress, SluiceError } from "@sluice/model";

/** Addresses, one text or several, or a function that finds them when they are first needed. */
export type Brokers = string | readonly string[] | (() => Promise<readonly string[]>);

const defaultPort = 9092;

/** @throws SluiceError INVALID_OPTION */
export function parseBrokerAddresses(brokers: string | readonly string[]): BrokerAddress[] {
  const texts = (typeof brokers === "string" ? [brokers] : brokers).flatMap(splitList);
  if (texts.length === 0) throw invalid("it names no broker");
  return texts.map(parseBrokerAddress);
}

function splitList(text: unknown): string[] {
  if (typeof text !== "string") throw invalid(`it takes texts such as 'localhost:9092', not ${String(text)}`);
  return text
    .replace(/^sluice:\/\//, "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function parseBrokerAddress(text: string): BrokerAddress {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:/?#[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) throw invalid(`'${text}' is not host:port`);
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (port < 1 || port > 65_535) throw invalid(`'${text}' has no valid port`);
  return { host, port };
}

function invalid(reason: string): SluiceError {
  return new SluiceError("INVALID_OPTION", { option: "brokers", subject: "Sluice", reason });
}
