import { SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import type { BrokerLook, ClusterLook } from "../cluster-look.js";
import { checkBootstrap, type Network } from "./check-bootstrap.js";
import { checkCluster } from "./check-cluster.js";
import { checkNode } from "./check-machine.js";

const description = {
  broker: { id: 1, host: "a", port: 9092, rack: "", brokerEpoch: 1, fenced: false, drained: false },
  version: "0.1.0",
  startedAtMs: 0,
  nowMs: 0,
  configs: [],
  ready: true,
  problems: [],
  diskBytesTotal: 100,
  diskBytesFree: 50,
  leaderPartitions: 1,
};
const broker: BrokerLook = {
  id: 1,
  host: "a",
  port: 9092,
  rack: "",
  isController: true,
  isFenced: false,
  isDrained: false,
  description,
  answerMs: 10,
  clockAheadMs: 0,
};
const partition = {
  partition: 0,
  leaderId: 1,
  leaderEpoch: 0,
  replicas: [1],
  inSyncReplicas: [1],
  eligibleLeaderReplicas: [],
  offlineReplicas: [],
  addingReplicas: [],
  removingReplicas: [],
};
const look = {
  cluster: { clusterId: "c", controller: 1, brokers: [{ nodeId: 1, host: "a", port: 9092, rack: "" }] },
  topics: [{ name: "__consumer_offsets", id: "x", isInternal: true, partitions: [partition] }],
  brokers: [broker],
} as unknown as ClusterLook;

function found(changed: Partial<ClusterLook>): readonly string[] {
  const checks = checkCluster({ ...look, ...changed }, "0.1.0").filter(({ status }) => status !== "ok");
  // Whatever is wrong, there is something to do about it.
  for (const check of checks) expect(check.next).toBeTruthy();
  return checks.map(({ status, name }) => `${status} ${name}`);
}

describe("a cluster", () => {
  it("passes where all is well", () => {
    expect(found({})).toEqual([]);
  });

  it.each([
    ["without a controller", { cluster: { ...look.cluster, controller: undefined } }, ["fail controller"]],
    [
      "without a leader",
      { topics: [{ ...look.topics[0], partitions: [{ ...partition, leaderId: undefined }] }] },
      ["fail partitions"],
    ],
    [
      "with a replica behind",
      { topics: [{ ...look.topics[0], partitions: [{ ...partition, replicas: [1, 2] }] }] },
      ["warn partitions"],
    ],
    ["without the topic of offsets", { topics: [] }, ["warn internal-topic"]],
    [
      "with a full disk",
      { brokers: [{ ...broker, description: { ...description, diskBytesFree: 4 } }] },
      ["fail disk"],
    ],
    [
      "with little disk",
      { brokers: [{ ...broker, description: { ...description, diskBytesFree: 14 } }] },
      ["warn disk"],
    ],
    ["with a clock ahead", { brokers: [{ ...broker, clockAheadMs: 5000 }] }, ["warn clock"]],
    ["with a clock far behind", { brokers: [{ ...broker, clockAheadMs: -100_000 }] }, ["fail clock"]],
    ["with a late answer that hides the clock", { brokers: [{ ...broker, clockAheadMs: 1500, answerMs: 2000 }] }, []],
    [
      "that is not ready",
      { brokers: [{ ...broker, description: { ...description, ready: false } }] },
      ["fail brokers.ready"],
    ],
    [
      "with a problem",
      { brokers: [{ ...broker, description: { ...description, problems: ["x"] } }] },
      ["warn brokers.ready"],
    ],
    [
      "of another version",
      { brokers: [{ ...broker, description: { ...description, version: "0.2.0" } }] },
      ["warn versions"],
    ],
    [
      "whose broker does not answer where it says",
      {
        brokers: [
          {
            id: 1,
            host: "a",
            port: 1,
            rack: "",
            isController: true,
            answerMs: 1,
            error: new SluiceError("BROKER_UNREACHABLE", { addresses: "a:1", reason: "x" }),
          },
        ],
      },
      ["fail brokers.reachable", "warn versions"],
    ],
  ])("%s", (_, changed, checks) => {
    expect(found(changed as Partial<ClusterLook>)).toEqual(checks);
  });
});

describe("addresses", () => {
  const network = (refused: readonly string[]): Network => ({
    resolve: async (host) => {
      if (host === "nowhere") throw Object.assign(new Error("x"), { code: "ENOTFOUND" });
      return ["10.0.0.1"];
    },
    dial: async ({ host }) => {
      if (refused.includes(host)) throw Object.assign(new Error("x"), { code: "ECONNREFUSED" });
      return 1;
    },
  });

  it("fail where none answers, with what to do", async () => {
    const checks = await checkBootstrap(
      [
        { host: "nowhere", port: 1 },
        { host: "b", port: 2 },
      ],
      network(["b"]),
    );
    expect(checks.map(({ status, name }) => `${status} ${name}`)).toEqual([
      "fail bootstrap.dns",
      "ok bootstrap.dns",
      "fail bootstrap.tcp",
    ]);
    expect(checks[2]?.next).toMatch(/sluice dev/);
  });

  it("only warn where another answers", async () => {
    const checks = await checkBootstrap(
      [
        { host: "b", port: 1 },
        { host: "c", port: 2 },
      ],
      network(["b"]),
    );
    expect(checks.map(({ status }) => status)).toEqual(["ok", "warn", "ok", "ok"]);
  });
});

it.each([
  ["18.20.0", "fail"],
  ["20.18.1", "fail"],
  ["20.19.0", "warn"],
  ["22.12.0", "ok"],
  ["24.1.0", "ok"],
])("Node %s: %s", (version, status) => {
  expect(checkNode(version).status).toBe(status);
});
