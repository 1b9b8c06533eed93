import { type CallContext, SluiceError, serveStream, serveUnary, type UnaryHandler } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { clusterService, logService } from "@sluice/protocol";
import { describe, expect, it } from "vitest";
import { type Logger, silentLogger } from "./logging.js";
import { CallCounters, withMethodCounters } from "./method-counters.js";
import { SlowRequestLog } from "./slow-request-log.js";
import { RecordingStream } from "./testing/recording-stream.js";

const context: CallContext = {
  signal: new AbortController().signal,
  authority: "",
  peer: "10.0.0.1:5",
  clientId: "billing",
};

function setUp() {
  const clock = new VirtualClock();
  const lines: object[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => void lines.push(fields) };
  const counters = new CallCounters();
  const slowRequests = new SlowRequestLog({ slowRequestMs: 100 }, { clock, logger });
  return { clock, lines, counters, dependencies: { clock, counters, slowRequests } };
}

describe("counted methods", () => {
  it("count calls by method, refusals by code, and tell of a slow one", async () => {
    const { clock, lines, counters, dependencies } = setUp();
    const [served] = withMethodCounters(
      [
        serveUnary(clusterService.describeTopic, async ({ name }) => {
          if (name === "slow") clock.advance(150);
          if (name === "none") throw new SluiceError("UNKNOWN_TOPIC", { topic: name });
          return { topic: null, configs: [] };
        }),
      ],
      dependencies,
    );
    const call = served?.handler as UnaryHandler<unknown, unknown>;
    await call({ name: "a" }, context);
    await call({ name: "slow" }, context);
    await expect(call({ name: "none" }, context)).rejects.toMatchObject({ code: "UNKNOWN_TOPIC" });
    expect(counters.calls.map(({ name, count, errors }) => [name, count, [...errors]])).toEqual([
      ["Cluster/DescribeTopic", 3, [["UNKNOWN_TOPIC", 1]]],
    ]);
    expect(counters.latency.counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(lines).toEqual([
      expect.objectContaining({ method: clusterService.describeTopic.path, clientId: "billing", totalMs: 150 }),
    ]);
  });

  it("count streams that were opened and errors that ended them, and hand everything on", () => {
    const { counters, dependencies } = setUp();
    const heard: unknown[] = [];
    const [served] = withMethodCounters(
      [
        serveStream(logService.produce, () => ({
          onMessage: () => heard.push("message"),
          onEnd: () => heard.push("end"),
          onDrain: () => heard.push("drain"),
          onError: ({ code }) => heard.push(code),
        })),
      ],
      dependencies,
    );
    const stream = new RecordingStream<unknown, unknown>(served as never);
    stream.receive({});
    stream.unblock();
    stream.disconnect(new SluiceError("CANCELLED", { operation: "x" }));
    expect(heard).toEqual(["message", "drain", "CANCELLED"]);
    new RecordingStream<unknown, unknown>(served as never).finish();
    expect(counters.streams.map(({ name, count, errors }) => [name, count, [...errors]])).toEqual([
      ["Log/Produce", 2, [["CANCELLED", 1]]],
    ]);
  });
});
