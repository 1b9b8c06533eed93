import { topicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { PlannedCluster } from "./testing/planned-cluster.js";
import { type ConfigAlterationRequest, planConfigAlteration } from "./topic-config-plan.js";

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe("altering the settings of a topic", () => {
  it("sets some, gives others their default back, and leaves the rest", () => {
    const cluster = withTopic();
    const altered = alter(cluster, { set: [{ name: "retention.ms", value: " 5000 " }], reset: ["flush"] });
    expect(altered.configOverrides).toEqual({ "segment.bytes": "2048", "retention.ms": "5000" });
    expect(altered.config).toMatchObject({ flush: "always", "retention.ms": 5000, "segment.bytes": 2048 });
    const { transaction } = altered;
    expect(transaction !== undefined && cluster.store.run(transaction)).toBe(true);
    const topic = cluster.image.topics.get(topicName("t"));
    expect(topic).toMatchObject({ configOverrides: altered.configOverrides, config: altered.config });
    expect(topic?.partitions).toHaveLength(3);
  });

  it("keeps a setting that is set to the value of the default as set", () => {
    const { configOverrides } = alter(withTopic(), { set: [{ name: "retention.ms", value: "604800000" }] });
    expect(configOverrides["retention.ms"]).toBe("604800000");
  });

  it("writes nothing where everything is so already", () => {
    const set = [{ name: "flush", value: "os" }];
    expect(alter(withTopic(), { set, reset: ["retention.ms"] }).transaction).toBeUndefined();
    expect(alter(withTopic(), {}).transaction).toBeUndefined();
  });

  it("fails where the topic was changed meanwhile", () => {
    const cluster = withTopic();
    const { transaction } = alter(cluster, { reset: ["flush"] });
    cluster.addPartitions("t", 4);
    expect(transaction !== undefined && cluster.store.run(transaction)).toBe(false);
  });

  it.each<[string, Partial<ConfigAlterationRequest>]>([
    ["UNKNOWN_TOPIC", { name: "u" }],
    ["INVALID_TOPIC_NAME", { name: "a b" }],
    ["INTERNAL_TOPIC", { name: "__consumer_offsets", reset: ["flush"] }],
    ["UNKNOWN_CONFIG_KEY", { set: [{ name: "retention", value: "1" }] }],
    ["UNKNOWN_CONFIG_KEY", { reset: ["toString"] }],
    ["INVALID_CONFIG_VALUE", { set: [{ name: "retention.ms", value: "soon" }] }],
    ["INVALID_REQUEST", { set: [{ name: "flush", value: "os" }], reset: ["flush"] }],
  ])("refuses with %s: %o", (expected, request) => {
    expect(() => alter(withTopic(), request)).toThrowError(code(expected));
  });

  it("names the nearest key to one that does not exist", () => {
    const nearest = expect.objectContaining({
      details: expect.objectContaining({ nearest: "retention.ms" }) as unknown,
    });
    expect(() => alter(withTopic(), { set: [{ name: "retention.mss", value: "1" }] })).toThrowError(nearest as Error);
    expect(() => alter(withTopic(), { reset: ["retentionms"] })).toThrowError(nearest as Error);
  });
});

function withTopic(): PlannedCluster {
  const cluster = new PlannedCluster();
  const configs = [
    { name: "flush", value: "os" },
    { name: "segment.bytes", value: "2048" },
  ];
  cluster.create({ name: "t", partitions: 3, configs });
  return cluster;
}

function alter(cluster: PlannedCluster, request: Partial<ConfigAlterationRequest>) {
  return planConfigAlteration(cluster.image, { name: "t", set: [], reset: [], ...request });
}
