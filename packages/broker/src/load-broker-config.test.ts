import { isSluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { brokerConfigTable } from "./broker-config.js";
import { type BrokerConfigSources, environmentName, loadBrokerConfig } from "./load-broker-config.js";

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
});
