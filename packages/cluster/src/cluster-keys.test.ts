import { brokerId, leaderEpoch, topicId, topicName } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brokerKey, clusterKey, controllerKey, parseClusterKey, partitionKey, topicKey } from "./cluster-keys.js";
import {
  formatBrokerValue,
  formatClusterValue,
  formatControllerValue,
  formatPartitionValue,
  formatTopicValue,
  parseBrokerValue,
  parseClusterValue,
  parseControllerValue,
  parsePartitionValue,
  parseTopicValue,
} from "./cluster-values.js";

const corrupt = expect.objectContaining({ code: "CORRUPT_CLUSTER_KEY" });
const uuid = topicId("0b1f3c52-8f0e-4a40-9c51-0123456789ab");

describe("cluster keys", () => {
  it("read back as what they were made from", () => {
    expect(parseClusterKey(clusterKey)).toEqual({ type: "cluster" });
    expect(parseClusterKey(controllerKey)).toEqual({ type: "controller" });
    expect(parseClusterKey(topicKey(topicName("a.b-c_d")))).toEqual({ type: "topic", name: "a.b-c_d" });
    fc.assert(
      fc.property(fc.nat(0x7fffffff), (number) => {
        expect(parseClusterKey(brokerKey(brokerId(number)))).toEqual({ type: "broker", id: number });
        expect(parseClusterKey(partitionKey(uuid, number))).toEqual({
          type: "partition",
          topicId: uuid,
          partition: number,
        });
      }),
    );
  });

  it("of families that are not known are none of ours", () => {
    expect(parseClusterKey("/sluice/acls/x")).toBeUndefined();
    expect(parseClusterKey("/sluice/brokers/last/1")).toBeUndefined();
  });

  it.each([
    "/sluice/brokers/ids/",
    "/sluice/brokers/ids/01",
    "/sluice/brokers/ids/-1",
    "/sluice/brokers/ids/2147483648",
    "/sluice/brokers/ids/1/x",
    "/sluice/topics/",
    "/sluice/topics/a b",
    "/sluice/parts/x/0",
    `/sluice/parts/${uuid}`,
    `/sluice/parts/${uuid}/`,
    `/sluice/parts/${uuid}/0/1`,
    `/sluice/parts/${uuid}/1e3`,
  ])("refuse %s", (key) => {
    expect(() => parseClusterKey(key)).toThrowError(corrupt);
  });
});

describe("cluster values", () => {
  it("read back as they were written", () => {
    const broker = { incarnation: "i", host: "h", port: 9092, rack: "" };
    expect(parseBrokerValue("k", formatBrokerValue(broker))).toEqual(broker);
    expect(parseClusterValue("k", formatClusterValue({ clusterId: "c" }))).toEqual({ clusterId: "c" });
    expect(parseControllerValue("k", formatControllerValue({ brokerId: brokerId(3) }))).toEqual({ brokerId: 3 });
    const topic = { id: uuid, partitions: 6, replicationFactor: 1, configs: { flush: "os" } };
    expect(parseTopicValue("k", formatTopicValue(topic))).toEqual(topic);
    for (const leader of [undefined, brokerId(1)]) {
      const partition = {
        leader,
        leaderBrokerEpoch: 7,
        leaderEpoch: leaderEpoch(3),
        inSyncReplicas: [brokerId(1)],
        replicas: [brokerId(1), brokerId(2)],
      };
      expect(parsePartitionValue("k", formatPartitionValue(partition))).toEqual(partition);
    }
  });

  it("have the text that is documented", () => {
    const partition = {
      leader: undefined,
      leaderBrokerEpoch: 0,
      leaderEpoch: leaderEpoch(3),
      inSyncReplicas: [],
      replicas: [],
    };
    expect(formatPartitionValue(partition)).toBe(
      '{"leader":null,"leaderBrokerEpoch":0,"leaderEpoch":3,"isr":[],"replicas":[]}',
    );
  });

  it("refuse what is not of their shape, naming the key and the member", () => {
    const partition = '"leaderBrokerEpoch":0,"leaderEpoch":0,"isr":[1],"replicas":[1]';
    for (const text of [
      "",
      "[]",
      "null",
      "{}",
      `{"leader":"1",${partition}}`,
      `{${partition}}`,
      `{"leader":-1,${partition}}`,
    ])
      expect(() => parsePartitionValue("/sluice/k", text)).toThrowError(corrupt);
    for (const configs of ["[]", '{"a":1}', "null"])
      expect(() =>
        parseTopicValue("k", `{"id":"${uuid}","partitions":1,"replicationFactor":1,"configs":${configs}}`),
      ).toThrowError(corrupt);
    expect(() => parseTopicValue("k", '{"id":"x","partitions":1,"replicationFactor":1,"configs":{}}')).toThrowError(
      corrupt,
    );
    expect(() => parseBrokerValue("/sluice/k", '{"incarnation":"i","host":"h","port":"9092","rack":""}')).toThrow(
      "/sluice/k",
    );
  });
});
