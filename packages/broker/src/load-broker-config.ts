/**
 * Settings of a broker from everywhere: flags win over the environment, that over the file, that over the defaults.
 *
 * Flags and file use the keys of the table, the environment SLUICE_ and upper snake (`brokerLeaseMs`, SLUICE_BROKER_LEASE_MS). A
 * variable with _FILE behind it names a file that holds the value, as secrets are handed to containers. What is not a key is
 * refused with the nearest one. Everything is looked at before anything is refused, so that all that is wrong can be told at once.
 * Pure: what was found is passed in.
 */

import {
  type ConfigEntry,
  type ConfigTable,
  type ConfigValues,
  defaultConfig,
  isSluiceError,
  nearestName,
  readConfig,
  SluiceError,
} from "@sluice/model";
import { parseDocument } from "yaml";
import { type BrokerConfig, brokerConfigTable } from "./broker-config.js";

/** A file that a variable named, as read. */
export interface ValueFile {
  readonly path: string;
  /** What is in it; undefined where it could not be read. */
  readonly text: string | undefined;
  /** Why it could not be read. */
  readonly problem?: string;
}

export interface BrokerConfigSources {
  /** By key of the table; undefined: not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** The environment of the process. Variables that do not start with SLUICE_ do not count. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** By the name of the variable, each file that `valueFilePaths` names. */
  readonly valueFiles?: ReadonlyMap<string, ValueFile>;
  /** A YAML file, as read. */
  readonly file?: { readonly path: string; readonly text: string } | undefined;
}

export interface LoadedBrokerConfig {
  readonly config: BrokerConfig;
  /** By key, where its value came from, in words. Keys that have their default are not in it. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Something that is wrong with the settings. */
export interface ConfigProblem {
  /** Where it stands, in words. */
  readonly origin: string;
  readonly error: SluiceError;
}

export interface InspectedBrokerConfig extends LoadedBrokerConfig {
  /** Empty: the configuration can be used. With problems, `config` is what would be left without what is wrong. */
  readonly problems: readonly ConfigProblem[];
}

interface SourcedEntry extends ConfigEntry {
  readonly origin: string;
  /** The name under which it was given there. */
  readonly name: string;
  /** Names that could have been meant there. */
  readonly names: readonly string[];
}

const environmentPrefix = "SLUICE_";
const fileSuffix = "_FILE";
/** Variables of clients and of tests, which are no settings of a broker. */
const otherVariables = /^SLUICE_(BROKERS$|CONTEXT$|TEST_)/;
const keys: readonly string[] = Object.keys(brokerConfigTable);
const keyOfVariable: ReadonlyMap<string, string> = new Map(keys.map((key) => [environmentName(key), key]));

/** @throws SluiceError UNKNOWN_CONFIG_KEY, INVALID_CONFIG_VALUE, CORRUPT_FILE: the first problem */
export function loadBrokerConfig(sources: BrokerConfigSources): LoadedBrokerConfig {
  const { config, origins, problems } = inspectBrokerConfig(sources);
  if (problems[0] !== undefined) throw problems[0].error;
  return { config, origins };
}

/** The settings with everything that is wrong with them, in the order file, environment, flags. Throws nothing. */
export function inspectBrokerConfig(sources: BrokerConfigSources): InspectedBrokerConfig {
  const problems: ConfigProblem[] = [];
  const read = [
    () => fileEntries(sources.file, problems),
    () => environmentEntries(sources, problems),
    () => flagEntries(sources.flags ?? {}),
  ];
  const entries = read.flatMap((readSource) => readSource().filter((entry) => isUsable(entry, problems)));
  return {
    config: readConfig(brokerConfigTable, "broker", entries),
    origins: new Map(entries.map((entry) => [entry.key, entry.origin])),
    problems,
  };
}

/** The environment variable of a key: `brokerLeaseMs` is SLUICE_BROKER_LEASE_MS. */
export function environmentName(key: string): string {
  return environmentPrefix + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** Variables that name a file with the value of a key, and the paths in them: SLUICE_RACK_FILE. */
export function valueFilePaths(
  environment: Readonly<Record<string, string | undefined>>,
): readonly { readonly variable: string; readonly path: string }[] {
  return [...keyOfVariable.keys()].flatMap((name) => {
    const variable = name + fileSuffix;
    const path = environment[variable];
    return path === undefined ? [] : [{ variable, path }];
  });
}

/** One setting as it counts, for people. */
export interface DescribedSetting {
  readonly key: string;
  /** As it would be written; `***` for a secret that is set. */
  readonly value: string;
  /** "ms", "bytes", or empty. */
  readonly unit: string;
  /** Where it came from, in words; "default" where nobody set it. */
  readonly origin: string;
}

/** Every setting of a table, in its order, with where it came from. Secrets are masked. */
export function describeSettings<Table extends ConfigTable>(
  table: Table,
  loaded: { readonly config: ConfigValues<Table>; readonly origins: ReadonlyMap<string, string> },
): DescribedSetting[] {
  const defaults = defaultConfig(table);
  return Object.entries(table).map(([key, definition]) => {
    const value = loaded.config[key] ?? defaults[key];
    const text = definition.format(value);
    const isMasked = definition.isSecret === true && text !== "";
    return {
      key,
      value: isMasked ? "***" : text,
      unit: definition.unit,
      origin: loaded.origins.get(key) ?? "default",
    };
  });
}

function flagEntries(flags: Readonly<Record<string, unknown>>): SourcedEntry[] {
  return Object.entries(flags)
    .filter(([, raw]) => raw !== undefined)
    .map(([key, raw]) => ({ key, raw, name: key, names: keys, origin: "a flag" }));
}

function environmentEntries(
  { environment = {}, valueFiles = new Map<string, ValueFile>() }: BrokerConfigSources,
  problems: ConfigProblem[],
): SourcedEntry[] {
  const names = [...keyOfVariable.keys()];
  return Object.entries(environment)
    .filter(([name, raw]) => raw !== undefined && name.startsWith(environmentPrefix) && !otherVariables.test(name))
    .flatMap(([variable, raw]) => {
      const key = keyOfVariable.get(variable);
      const origin = `the environment variable ${variable}`;
      if (key !== undefined) return [{ key, raw, name: variable, names, origin }];
      const keyOfFile = variable.endsWith(fileSuffix)
        ? keyOfVariable.get(variable.slice(0, -fileSuffix.length))
        : undefined;
      // Refused below, with the names that could have been meant.
      if (keyOfFile === undefined) return [{ key: variable, raw, name: variable, names, origin }];
      return valueFileEntry(keyOfFile, { variable, environment, file: valueFiles.get(variable) }, problems);
    });
}

/** The value in the file that a variable names. One line feed at its end is none of the value. */
function valueFileEntry(
  key: string,
  given: {
    readonly variable: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly file: ValueFile | undefined;
  },
  problems: ConfigProblem[],
): SourcedEntry[] {
  const { variable, environment, file } = given;
  const origin = `the environment variable ${variable}`;
  const path = file?.path ?? environment[variable] ?? "";
  const refuse = (reason: string): SourcedEntry[] => {
    const error = new SluiceError("INVALID_CONFIG_VALUE", { key: variable, value: path, reason });
    problems.push({ origin, error });
    return [];
  };
  if (environment[environmentName(key)] !== undefined)
    return refuse(`${environmentName(key)} is set too: keep one of them`);
  if (file?.text === undefined) return refuse(`the file cannot be read: ${file?.problem ?? "nobody did"}`);
  const raw = file.text.replace(/\r?\n$/, "");
  return [{ key, raw, name: variable, names: [], origin: `${path}, which ${origin} names` }];
}

function fileEntries(file: BrokerConfigSources["file"], problems: ConfigProblem[]): SourcedEntry[] {
  if (file === undefined) return [];
  const refuse = (reason: string): SourcedEntry[] => {
    problems.push({ origin: file.path, error: new SluiceError("CORRUPT_FILE", { path: file.path, reason }) });
    return [];
  };
  const document = parseDocument(file.text);
  const [error] = document.errors;
  if (error !== undefined) return refuse(`it is not YAML: ${firstLine(error.message)}`);
  const content = document.toJS() as unknown;
  if (content === null || content === undefined) return [];
  if (typeof content !== "object" || Array.isArray(content)) return refuse("it does not hold keys and values");
  return Object.entries(content).map(([key, raw]) => {
    return { key, raw: raw as unknown, name: key, names: keys, origin: file.path };
  });
}

/** Checks an entry by itself, so that the message can say where it came from. */
function isUsable(entry: SourcedEntry, problems: ConfigProblem[]): boolean {
  try {
    readConfig(brokerConfigTable, "broker", [entry]);
    return true;
  } catch (error) {
    problems.push({ origin: entry.origin, error: sourcedError(entry, error) });
    return false;
  }
}

function sourcedError({ name, names, origin }: SourcedEntry, error: unknown): SluiceError {
  if (isSluiceError(error, "UNKNOWN_CONFIG_KEY")) {
    return new SluiceError("UNKNOWN_CONFIG_KEY", { key: name, subject: "broker", nearest: nearestName(name, names) });
  }
  if (!isSluiceError(error, "INVALID_CONFIG_VALUE")) throw error;
  const { value = "", reason = "" } = error.details;
  return new SluiceError("INVALID_CONFIG_VALUE", { key: name, value, reason: `${reason} (from ${origin})` });
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
