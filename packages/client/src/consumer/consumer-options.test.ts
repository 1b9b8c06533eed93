import type { SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { type ConsumerOptions, consumerSettings } from "./consumer-options.js";

const codeOf = (options: object): string => {
  try {
    consumerSettings(options as ConsumerOptions);
    return "taken";
  } catch (error) {
    return (error as SluiceError).code;
  }
};

describe("options of a consumer", () => {
  it("are kafkajs's, and keep their meaning", () => {
    const settings = consumerSettings({
      groupId: "g",
      partitionAssigners: ["roundrobin"],
      metadataMaxAge: 60_000,
      sessionTimeout: 30_000,
      rebalanceTimeout: 60_000,
      heartbeatInterval: 3000,
      maxBytesPerPartition: 1_048_576,
      minBytes: 10,
      maxBytes: 5_000_000,
      maxWaitTimeInMs: 2000,
      retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 1000, factor: 0.2, multiplier: 2 },
      allowAutoTopicCreation: false,
    });
    expect(settings).toMatchObject({
      assignor: "uniform",
      metadataMaxAgeMs: 60_000,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 60_000,
      prefetchBytes: 5_000_000,
      maxBytesPerPartition: 1_048_576,
      minBytes: 10,
      maxWaitMs: 2000,
      allowAutoTopicCreation: false,
    });
  });

  it.each([
    ["maxBytes bounds one answer", { maxBytes: 1000 }, { maxBytesPerPartition: 1000, prefetchBytes: 1000 }],
    ["prefetchBytes bounds what is fetched ahead", { prefetchBytes: 7, maxBytes: 9 }, { prefetchBytes: 7 }],
    ["no commit by time", { autoCommitInterval: null }, { autoCommitIntervalMs: undefined, autoCommit: true }],
    ["a commit by number", { autoCommitThreshold: 3 }, { autoCommitThreshold: 3, autoCommitIntervalMs: 5000 }],
    ["Kafka's assignors", { assignor: "cooperative-sticky" }, { assignor: "sticky" }],
  ] as const)("say what they mean: %s", (_name, options, expected) => {
    expect(consumerSettings(options)).toMatchObject(expected);
  });

  it.each([
    [{ readUncommitted: true }, "REPLACED_OPTION"],
    [{ isolation: "read_committed" }, "REPLACED_OPTION"],
    [{ rackId: "a" }, "REPLACED_OPTION"],
    [{ maxInFlightRequests: 1 }, "REPLACED_OPTION"],
    [{ fromBeginning: true }, "REPLACED_OPTION"],
    [{ retry: { restartOnFailure: async () => true } }, "REPLACED_OPTION"],
    [{ partitionAssigners: [() => undefined] }, "REPLACED_OPTION"],
    [{ groupID: "g" }, "UNKNOWN_OPTION"],
    [{ retry: { retrys: 1 } }, "UNKNOWN_OPTION"],
    [{ groupId: "a b" }, "INVALID_GROUP_NAME"],
    [{ startFrom: "beginning" }, "INVALID_OPTION"],
    [{ startFrom: { timestamp: "noon" } }, "INVALID_OPTION"],
    [{ onDecodeError: "ignore" }, "INVALID_OPTION"],
    [{ autoCommit: "yes" }, "INVALID_OPTION"],
    [{ autoCommitThreshold: 0 }, "INVALID_OPTION"],
    [{ minBytes: -1 }, "INVALID_OPTION"],
    [{ heartbeatInterval: 0 }, "INVALID_OPTION"],
    [{ allowAutoTopicCreation: 1 }, "INVALID_OPTION"],
    [{ assignor: "random" }, "INVALID_OPTION"],
  ])("are refused where they make no sense: %j is %s", (options, code) => {
    expect(codeOf(options)).toBe(code);
  });
});
