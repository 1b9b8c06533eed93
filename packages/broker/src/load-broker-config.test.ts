import { isSluiceError, textKey } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { brokerConfigTable } from "./broker-config.js";
import {
  type BrokerConfigSources,
  describeSettings,
  environmentName,
  inspectBrokerConfig,
  loadBrokerConfig,
  valueFilePaths,
} from "./load-broker-config.js";

function refusal(sources: BrokerConfigSources): { code: string; message: string; hint: string } {
  try {
    loadBrokerConfig(sources);
  } catch (error) {
    if (isSluiceError(error)) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("loadBrokerConfig", () => {
  it("takes flags before the environment, that before the file, and that before the default", () => {
    const file = { path: "sluice.yaml", text: "brokerId: 7\nport: 7000\nrack: r1\n" };
    const environment = { SLUICE_PORT: "8000", SLUICE_BROKER_ID: "8", PATH: "/bin" };
    const { config, origins } = loadBrokerConfig({ file, environment, flags: { brokerId: 9, port: undefined } });
    expect([config.brokerId, config.port, config.rack, config.host]).toEqual([9, 8000, "r1", "127.0.0.1"]);
    expect(Object.fromEntries(origins)).toEqual({
      brokerId: "a flag",
      port: "the environment variable SLUICE_PORT",
      rack: "sluice.yaml",
    });
  });

  it("names environment variables in upper snake, one for each key", () => {
    expect(environmentName("brokerLeaseMs")).toBe("SLUICE_BROKER_LEASE_MS");
    const keys = Object.keys(brokerConfigTable);
    expect(new Set(keys.map(environmentName)).size).toBe(keys.length);
    for (const key of keys) {
      const definition = brokerConfigTable[key as keyof typeof brokerConfigTable];
      const environment = { [environmentName(key)]: String(definition.default) };
      expect(loadBrokerConfig({ environment }).origins.has(key)).toBe(true);
    }
  });

  it("refuses an unknown key wherever it stands, and names the nearest one as it is written there", () => {
    expect(refusal({ flags: { brokrId: 1 } })).toMatchObject({
      code: "UNKNOWN_CONFIG_KEY",
      hint: expect.stringContaining("'brokerId'"),
    });
    expect(refusal({ environment: { SLUICE_BROKER_LEASE: "1" } })).toMatchObject({
      code: "UNKNOWN_CONFIG_KEY",
      message: expect.stringContaining("'SLUICE_BROKER_LEASE'"),
      hint: expect.stringContaining("'SLUICE_BROKER_LEASE_MS'"),
    });
    expect(refusal({ file: { path: "b.yaml", text: "prot: 1" } })).toMatchObject({
      code: "UNKNOWN_CONFIG_KEY",
      hint: expect.stringContaining("'port'"),
    });
  });

  it("says where a bad value came from and what the key takes", () => {
    const { code, message } = refusal({ environment: { SLUICE_PORT: "99999" } });
    expect(code).toBe("INVALID_CONFIG_VALUE");
    expect(message).toContain("99999");
    expect(message).toContain("from 0 to 65535");
    expect(message).toContain("environment variable SLUICE_PORT");
    expect(refusal({ file: { path: "b.yaml", text: "port: [1]" } }).message).toContain("b.yaml");
  });

  it("refuses a file that is not YAML, and one that holds no keys", () => {
    expect(refusal({ file: { path: "b.yaml", text: "a: [1\nb: }" } }).code).toBe("CORRUPT_FILE");
    expect(refusal({ file: { path: "b.yaml", text: "- 1" } }).code).toBe("CORRUPT_FILE");
    expect(loadBrokerConfig({ file: { path: "b.yaml", text: "# nothing\n" } }).origins.size).toBe(0);
  });

  it("leaves the variables of clients and tests alone", () => {
    const environment = { SLUICE_BROKERS: "a:1", SLUICE_TEST_KAFKA_TOOLS: "/x", OTHER: "1" };
    expect(loadBrokerConfig({ environment }).origins.size).toBe(0);
  });

  it("reads a value from the file that a variable names, without the line feed at its end", () => {
    const environment = { SLUICE_RACK_FILE: "/run/secrets/rack", SLUICE_PORT_FILE: "/run/secrets/port" };
    expect(valueFilePaths(environment)).toEqual([
      { variable: "SLUICE_PORT_FILE", path: "/run/secrets/port" },
      { variable: "SLUICE_RACK_FILE", path: "/run/secrets/rack" },
    ]);
    const valueFiles = new Map([
      ["SLUICE_RACK_FILE", { path: "/run/secrets/rack", text: "r 1\n\n" }],
      ["SLUICE_PORT_FILE", { path: "/run/secrets/port", text: "7000\r\n" }],
    ]);
    const { config, origins } = loadBrokerConfig({ environment, valueFiles });
    expect([config.rack, config.port]).toEqual(["r 1\n", 7000]);
    expect(origins.get("rack")).toBe("/run/secrets/rack, which the environment variable SLUICE_RACK_FILE names");
  });

  it("refuses a file that cannot be read, one beside the value itself, and one for no key", () => {
    const valueFiles = new Map([["SLUICE_RACK_FILE", { path: "/x", text: undefined, problem: "it does not exist" }]]);
    const unread = refusal({ environment: { SLUICE_RACK_FILE: "/x" }, valueFiles });
    expect([unread.code, unread.message]).toEqual(["INVALID_CONFIG_VALUE", expect.stringContaining("does not exist")]);
    const both = refusal({
      environment: { SLUICE_RACK_FILE: "/x", SLUICE_RACK: "r" },
      valueFiles: new Map([["SLUICE_RACK_FILE", { path: "/x", text: "r" }]]),
    });
    expect(both.message).toMatch(/SLUICE_RACK_FILE.*SLUICE_RACK is set too/);
    expect(refusal({ environment: { SLUICE_RAK_FILE: "/x" } })).toMatchObject({ code: "UNKNOWN_CONFIG_KEY" });
  });

  it("finds everything that is wrong, with where it stands, and not only the first", () => {
    const { config, problems } = inspectBrokerConfig({
      file: { path: "b.yaml", text: "prot: 1\nhost: h\nbrokerId: x\n" },
      environment: { SLUICE_PORT: "99999" },
      flags: { rak: "r" },
    });
    expect(problems.map(({ origin, error }) => [origin, error.code])).toEqual([
      ["b.yaml", "UNKNOWN_CONFIG_KEY"],
      ["b.yaml", "INVALID_CONFIG_VALUE"],
      ["the environment variable SLUICE_PORT", "INVALID_CONFIG_VALUE"],
      ["a flag", "UNKNOWN_CONFIG_KEY"],
    ]);
    expect(config.host).toBe("h");
  });

  it("describes every setting with its origin, and shows no secret", () => {
    const settings = describeSettings(brokerConfigTable, loadBrokerConfig({ flags: { port: "7000" } }));
    expect(settings.map(({ key }) => key)).toEqual(Object.keys(brokerConfigTable));
    expect(settings.find(({ key }) => key === "port")).toEqual({
      key: "port",
      value: "7000",
      unit: "",
      origin: "a flag",
    });
    expect(settings.find(({ key }) => key === "brokerLeaseMs")).toMatchObject({ unit: "ms", origin: "default" });
    const table = { password: textKey({ default: "", doc: "x", isSecret: true }) };
    const described = (password: string) => describeSettings(table, { config: { password }, origins: new Map() })[0];
    expect([described("hunter2")?.value, described("")?.value]).toEqual(["***", ""]);
  });
});
