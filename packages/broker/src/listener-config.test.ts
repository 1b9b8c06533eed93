import { describe, expect, it } from "vitest";
import { type BrokerConfig, brokerConfig } from "./broker-config.js";
import { readListeners, registeredListeners } from "./listener-config.js";

function registeredFor(over: Partial<BrokerConfig>, boundPort = 5000) {
  return registeredListeners(readListeners(brokerConfig(over)), () => boundPort);
}

describe("listeners of a broker", () => {
  it("are one without a name by default, told by host and port", () => {
    expect(registeredFor({ host: "10.0.0.1", port: 0 })).toEqual({ host: "10.0.0.1", port: 5000, listeners: {} });
    const advertised = { host: "0.0.0.0", advertisedHost: "broker-1", advertisedPort: 1234 };
    expect(registeredFor(advertised)).toEqual({ host: "broker-1", port: 1234, listeners: {} });
  });

  it("are told by their advertised addresses, or as they were dialled", () => {
    const registered = registeredFor({
      listeners: "internal=0.0.0.0:9092, external=0.0.0.0:19092,loop=[::1]:0",
      advertisedListeners: "internal=broker-1:9092",
    });
    expect(registered).toEqual({
      host: "broker-1",
      port: 9092,
      listeners: {
        internal: { host: "broker-1", port: 9092 },
        external: { host: "", port: 5000 },
        loop: { host: "::1", port: 5000 },
      },
    });
  });

  it("may be one with any name", () => {
    expect(registeredFor({ listeners: "here=10.0.0.1:0" })).toEqual({
      host: "10.0.0.1",
      port: 5000,
      listeners: { here: { host: "10.0.0.1", port: 5000 } },
    });
  });

  it.each([
    [{ host: "0.0.0.0" }, "advertisedHost"],
    [{ listeners: "internal=0.0.0.0:9092" }, "advertisedListeners"],
    [{ listeners: "a=h:1,b=h:2" }, "interBrokerListener"],
    [{ listeners: "internal=h:1,internal=h:2" }, "listeners"],
    [{ listeners: "internal" }, "listeners"],
    [{ listeners: "internal=h" }, "listeners"],
    [{ listeners: "internal=h:70000" }, "listeners"],
    [{ listeners: "internal=::1:9092" }, "listeners"],
    [{ listeners: "internal=h:1", advertisedListeners: "external=h:2" }, "advertisedListeners"],
  ])("are refused where they make no sense: %o", (over, key) => {
    expect(() => readListeners(brokerConfig(over))).toThrowError(
      expect.objectContaining({ code: "INVALID_CONFIG_VALUE", details: expect.objectContaining({ key }) }),
    );
  });
});
