/**
 * Configuration tables: one declaration of a key gives its type, default, validation, unit and documentation.
 *
 * `readConfig` turns raw entries (from flags, environment, a file or a request) into typed values or a typed error;
 * docs/configuration.md is generated from the same tables.
 */

import { nearestName } from "./nearest-name.js";
import { SluiceError } from "./sluice-error.js";

export interface ConfigDefinition<Value> {
  readonly default: Value;
  /** "ms", "bytes", or empty where the value has none. */
  readonly unit: string;
  /** One sentence or two for the operator. */
  readonly doc: string;
  /** What it takes, in words. */
  readonly takes: string;
  /** Its value is shown to nobody. Default false. */
  readonly isSecret?: boolean;
  /** The value, or undefined where `raw` (text, or a value from YAML) is not one. */
  parse(raw: unknown): Value | undefined;
  /** The value as `parse` would read it back. */
  format(value: Value): string;
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds definitions of all types; `ConfigValues` gives each its own back.
export type ConfigTable = Readonly<Record<string, ConfigDefinition<any>>>;

export type ConfigValues<Table extends ConfigTable> = {
  readonly [Key in keyof Table]: Table[Key] extends ConfigDefinition<infer Value> ? Value : never;
};

/** A raw value and the place that it came from, for messages. */
export interface ConfigEntry {
  readonly key: string;
  readonly raw: unknown;
}

/** Default values of a table. */
export function defaultConfig<Table extends ConfigTable>(table: Table): ConfigValues<Table> {
  return Object.fromEntries(
    Object.entries(table).map(([key, definition]) => [key, definition.default]),
  ) as ConfigValues<Table>;
}

/**
 * Values of a table: the entries where given (the last of a key wins), else the defaults.
 *
 * @param subject what is configured, for messages: "topic", "broker"
 * @throws SluiceError UNKNOWN_CONFIG_KEY, INVALID_CONFIG_VALUE
 */
export function readConfig<Table extends ConfigTable>(
  table: Table,
  subject: string,
  entries: Iterable<ConfigEntry>,
): ConfigValues<Table> {
  const values: Record<string, unknown> = { ...defaultConfig(table) };
  for (const { key, raw } of entries) {
    const definition = Object.hasOwn(table, key) ? table[key] : undefined;
    if (definition === undefined) {
      throw new SluiceError("UNKNOWN_CONFIG_KEY", { key, subject, nearest: nearestName(key, Object.keys(table)) });
    }
    const value = definition.parse(raw) as unknown;
    if (value === undefined)
      throw new SluiceError("INVALID_CONFIG_VALUE", {
        key,
        value: String(raw),
        reason: `it takes ${definition.takes}`,
      });
    values[key] = value;
  }
  return values as ConfigValues<Table>;
}

/** A whole number in [min, max]. */
export function integerKey(options: {
  default: number;
  min: number;
  max: number;
  unit?: string;
  doc: string;
}): ConfigDefinition<number> {
  const { min, max } = options;
  return {
    default: options.default,
    unit: options.unit ?? "",
    doc: options.doc,
    takes: `a whole number from ${min} to ${max}`,
    parse: (raw) => {
      const value = typeof raw === "string" && /^-?\d+$/.test(raw.trim()) ? Number(raw) : raw;
      return typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max
        ? value
        : undefined;
    },
    format: String,
  };
}

/** A part of a whole, from 0 to 1. */
export function ratioKey(options: { default: number; doc: string }): ConfigDefinition<number> {
  return {
    default: options.default,
    unit: "",
    doc: options.doc,
    takes: "a number from 0 to 1",
    parse: (raw) => {
      const value = typeof raw === "string" && /^\d*\.?\d+$/.test(raw.trim()) ? Number(raw) : raw;
      return typeof value === "number" && value >= 0 && value <= 1 ? value : undefined;
    },
    format: String,
  };
}

/** One of a few words. */
export function choiceKey<const Choice extends string>(options: {
  choices: readonly Choice[];
  default: NoInfer<Choice>;
  doc: string;
}): ConfigDefinition<Choice> {
  return {
    default: options.default,
    unit: "",
    doc: options.doc,
    takes: options.choices.join(" or "),
    parse: (raw) => options.choices.find((choice) => choice === raw),
    format: String,
  };
}

/** Any text. */
export function textKey(options: {
  default: string;
  doc: string;
  takes?: string;
  pattern?: RegExp;
  isSecret?: boolean;
}): ConfigDefinition<string> {
  const pattern = options.pattern ?? /^/;
  return {
    default: options.default,
    unit: "",
    doc: options.doc,
    takes: options.takes ?? "text",
    isSecret: options.isSecret ?? false,
    parse: (raw) => {
      const text = typeof raw === "number" ? String(raw) : raw;
      return typeof text === "string" && pattern.test(text) ? text : undefined;
    },
    format: (value) => value,
  };
}

/** true or false. */
export function flagKey(options: { default: boolean; doc: string }): ConfigDefinition<boolean> {
  return {
    default: options.default,
    unit: "",
    doc: options.doc,
    takes: "true or false",
    parse: (raw) => (raw === true || raw === "true" ? true : raw === false || raw === "false" ? false : undefined),
    format: String,
  };
}
