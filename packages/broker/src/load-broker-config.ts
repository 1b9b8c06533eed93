/**
 * Settings of a broker from everywhere: flags win over the environment, that over the file, that over the defaults.
 *
 * Flags and file use the keys of the table, the environment SLUICE_ and upper snake (`brokerLeaseMs`, SLUICE_BROKER_LEASE_MS).
 * What is not a key is refused with the nearest one. Pure: what was found is passed in.
 */

import { type ConfigEntry, isSluiceError, nearestName, readConfig, SluiceError } from "@sluice/model";
import { parseDocument } from "yaml";
import { type BrokerConfig, brokerConfigTable } from "./broker-config.js";

export interface BrokerConfigSources {
  /** By key of the table; undefined: not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** The environment of the process. Variables that do not start with SLUICE_ do not count. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** A YAML file, as read. */
  readonly file?: { readonly path: string; readonly text: string } | undefined;
}

export interface LoadedBrokerConfig {
  readonly config: BrokerConfig;
  /** By key, where its value came from, in words. Keys that have their default are not in it. */
  readonly origins: ReadonlyMap<string, string>;
}

interface SourcedEntry extends ConfigEntry {
  readonly origin: string;
  /** The name under which it was given there. */
  readonly name: string;
}

const environmentPrefix = "SLUICE_";
/** Variables of clients and of tests, which are no settings of a broker. */
const otherVariables = /^SLUICE_(BROKERS$|TEST_)/;

/** @throws SluiceError UNKNOWN_CONFIG_KEY, INVALID_CONFIG_VALUE, CORRUPT_FILE */
export function loadBrokerConfig(sources: BrokerConfigSources): LoadedBrokerConfig {
  const entries = [
    ...fileEntries(sources.file),
    ...environmentEntries(sources.environment ?? {}),
    ...flagEntries(sources.flags ?? {}),
  ];
  for (const entry of entries) checkEntry(entry);
  return {
    config: readConfig(brokerConfigTable, "broker", entries),
    origins: new Map(entries.map((entry) => [entry.key, entry.origin])),
  };
}

/** The environment variable of a key: `brokerLeaseMs` is SLUICE_BROKER_LEASE_MS. */
export function environmentName(key: string): string {
  return environmentPrefix + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function flagEntries(flags: Readonly<Record<string, unknown>>): SourcedEntry[] {
  return Object.entries(flags)
    .filter(([, raw]) => raw !== undefined)
    .map(([key, raw]) => ({ key, raw, name: key, origin: "a flag" }));
}

function environmentEntries(environment: Readonly<Record<string, string | undefined>>): SourcedEntry[] {
  const keys = new Map(Object.keys(brokerConfigTable).map((key) => [environmentName(key), key]));
  return Object.entries(environment)
    .filter(([name, raw]) => raw !== undefined && name.startsWith(environmentPrefix) && !otherVariables.test(name))
    .map(([name, raw]) => {
      const key = keys.get(name);
      if (key === undefined) throw unknownKey(name, [...keys.keys()]);
      return { key, raw, name, origin: `the environment variable ${name}` };
    });
}

function fileEntries(file: BrokerConfigSources["file"]): SourcedEntry[] {
  if (file === undefined) return [];
  const document = parseDocument(file.text);
  const [error] = document.errors;
  if (error !== undefined) {
    throw new SluiceError("CORRUPT_FILE", { path: file.path, reason: `it is not YAML: ${firstLine(error.message)}` });
  }
  const content = document.toJS() as unknown;
  if (content === null || content === undefined) return [];
  if (typeof content !== "object" || Array.isArray(content)) {
    throw new SluiceError("CORRUPT_FILE", { path: file.path, reason: "it does not hold keys and values" });
  }
  return Object.entries(content).map(([key, raw]) => ({ key, raw: raw as unknown, name: key, origin: file.path }));
}

/** Checks an entry by itself, so that the message can say where it came from. */
function checkEntry(entry: SourcedEntry): void {
  try {
    readConfig(brokerConfigTable, "broker", [entry]);
  } catch (error) {
    if (isSluiceError(error, "UNKNOWN_CONFIG_KEY")) throw unknownKey(entry.name, Object.keys(brokerConfigTable));
    if (!isSluiceError(error, "INVALID_CONFIG_VALUE")) throw error;
    const { value = "", reason = "" } = error.details;
    throw new SluiceError("INVALID_CONFIG_VALUE", {
      key: entry.name,
      value,
      reason: `${reason} (from ${entry.origin})`,
    });
  }
}

function unknownKey(key: string, keys: readonly string[]): SluiceError {
  return new SluiceError("UNKNOWN_CONFIG_KEY", { key, subject: "broker", nearest: nearestName(key, keys) });
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
