import { brokerId, leaderEpoch, topicId, topicName } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  brokerKey,
  brokerTickKey,
  clusterKey,
  controllerKey,
  drainedBrokerKey,
  historyKey,
  lastRegistrationKey,
  parseClusterKey,
  partitionKey,
  topicKey,
} from "./cluster-keys.js";
import {
  formatBrokerValue,
  formatClusterValue,
  formatControllerValue,
  formatLastRegistrationValue,
  formatPartitionValue,
  formatTopicValue,
  parseBrokerValue,
  parseClusterValue,
  parseControllerValue,
  parseLastRegistrationValue,
  parsePartitionValue,
  parseTopicValue,
} from "./cluster-values.js";

const corrupt = expect.objectContaining({ code: "CORRUPT_CLUSTER_KEY" });
const uuid = topicId("0b1f3c52-8f0e-4a40-9c51-0123456789ab");

describe("cluster keys", () => {
  it("read back as what they were made from", () => {
    expect(parseClusterKey(clusterKey)).toEqual({ type: "cluster" });
    expect(parseClusterKey(historyKey)).toEqual({ type: "history" });
    expect(parseClusterKey(controllerKey)).toEqual({ type: "controller" });
    expect(parseClusterKey(topicKey(topicName("a.b-c_d")))).toEqual({ type: "topic", name: "a.b-c_d" });
    fc.assert(
      fc.property(fc.nat(0x7fffffff), (number) => {
        const id = brokerId(number);
        expect(parseClusterKey(brokerKey(id))).toEqual({ type: "broker", id });
        expect(parseClusterKey(lastRegistrationKey(id))).toEqual({ type: "lastRegistration", id });
        expect(parseClusterKey(brokerTickKey(id))).toEqual({ type: "brokerTick", id });
        expect(parseClusterKey(drainedBrokerKey(id))).toEqual({ type: "drainedBroker", id });
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
    expect(parseClusterKey("/sluice/brokers/moods/1")).toBeUndefined();
  });

  it.each([
    "/sluice/brokers/ids/",
    "/sluice/brokers/ids/01",
    "/sluice/brokers/ids/-1",
    "/sluice/brokers/ids/2147483648",
    "/sluice/brokers/ids/1/x",
    "/sluice/brokers/last/x",
    "/sluice/brokers/drained/",
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
    const listeners = { external: { host: "e", port: 19092 } };
    const broker = { incarnation: "i", host: "h", port: 9092, rack: "", listeners };
    expect(parseBrokerValue("k", formatBrokerValue(broker))).toEqual(broker);
    for (const last of [
      { state: "fenced", incarnation: "i" },
      { state: "active", brokerEpoch: 7 },
    ] as const)
      expect(parseLastRegistrationValue("k", formatLastRegistrationValue(last))).toEqual(last);
    expect(parseClusterValue("k", formatClusterValue({ clusterId: "c" }))).toEqual({ clusterId: "c" });
    expect(parseControllerValue("k", formatControllerValue({ brokerId: brokerId(3) }))).toEqual({ brokerId: 3 });
    const topic = { id: uuid, partitions: 6, configs: { flush: "os" } };
    expect(parseTopicValue("k", formatTopicValue(topic))).toEqual(topic);
    for (const leader of [undefined, brokerId(1)]) {
      const partition = {
        leader,
        leaderBrokerEpoch: 7,
        leaderEpoch: leaderEpoch(3),
        inSyncReplicas: [brokerId(1)],
        eligibleLeaderReplicas: [brokerId(2)],
        lastEligibleLeaderReplicas: [brokerId(3)],
        replicas: [brokerId(1), brokerId(2), brokerId(4)],
        addingReplicas: [brokerId(4)],
        removingReplicas: [brokerId(2)],
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
      eligibleLeaderReplicas: [],
      lastEligibleLeaderReplicas: [],
      replicas: [brokerId(1)],
      addingReplicas: [],
      removingReplicas: [],
    };
    expect(formatPartitionValue(partition)).toBe(
      '{"leader":null,"leaderBrokerEpoch":0,"leaderEpoch":3,"isr":[],"elr":[],"lastElr":[],"replicas":[1],"adding":[],"removing":[]}',
    );
    expect(formatLastRegistrationValue({ state: "fenced", incarnation: "i" })).toBe(
      '{"state":"fenced","incarnation":"i"}',
    );
    expect(formatLastRegistrationValue({ state: "active", brokerEpoch: 7 })).toBe('{"state":"active","brokerEpoch":7}');
  });

  it("of earlier versions, which had no listeners and fewer lists of replicas, read as if those were empty", () => {
    expect(parseBrokerValue("k", '{"incarnation":"i","host":"h","port":1,"rack":""}').listeners).toEqual({});
    expect(parseLastRegistrationValue("k", '{"state":"fenced"}')).toEqual({ state: "fenced", incarnation: "" });
    const text = '{"leader":1,"leaderBrokerEpoch":1,"leaderEpoch":0,"isr":[1],"replicas":[1]}';
    expect(parsePartitionValue("k", text)).toMatchObject({
      eligibleLeaderReplicas: [],
      lastEligibleLeaderReplicas: [],
      addingReplicas: [],
      removingReplicas: [],
    });
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
      `{"leader":1,"elr":{},${partition}}`,
    ])
      expect(() => parsePartitionValue("/sluice/k", text)).toThrowError(corrupt);
    for (const configs of ["[]", '{"a":1}', "null"])
      expect(() => parseTopicValue("k", `{"id":"${uuid}","partitions":1,"configs":${configs}}`)).toThrowError(corrupt);
    expect(() => parseTopicValue("k", '{"id":"x","partitions":1,"configs":{}}')).toThrowError(corrupt);
    for (const text of ["{}", '{"state":"lost"}', '{"state":"active"}'])
      expect(() => parseLastRegistrationValue("k", text)).toThrowError(corrupt);
    for (const listeners of ["1", '{"a":1}', '{"a":{"host":"h"}}']) {
      const text = `{"incarnation":"i","host":"h","port":1,"rack":"","listeners":${listeners}}`;
      expect(() => parseBrokerValue("k", text)).toThrowError(corrupt);
    }
    expect(() => parseBrokerValue("/sluice/k", '{"incarnation":"i","host":"h","port":"9092","rack":""}')).toThrow(
      "/sluice/k",
    );
  });
});
