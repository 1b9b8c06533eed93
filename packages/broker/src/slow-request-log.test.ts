import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { type Logger, silentLogger } from "./logging.js";
import { SlowRequestLog } from "./slow-request-log.js";

function setUp(slowRequestMs = 100) {
  const lines: object[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => void lines.push(fields) };
  const clock = new VirtualClock();
  return { lines, clock, log: new SlowRequestLog({ slowRequestMs }, { clock, logger }) };
}

const request = { method: "/sluice.v1.Log/Produce", clientId: "billing", peer: "10.0.0.1:5", totalMs: 1234.567 };

describe("the log of slow requests", () => {
  it("says what was slow, for whom, and where the time went", () => {
    const { lines, log } = setUp();
    log.report({ ...request, topic: "orders", partition: 3, stages: { check: 0.123, append: 1234.4 } });
    expect(lines).toEqual([
      {
        method: "/sluice.v1.Log/Produce",
        clientId: "billing",
        peer: "10.0.0.1:5",
        topic: "orders",
        partition: 3,
        totalMs: 1234.6,
        stages: { check: 0.1, append: 1234.4 },
      },
    ]);
  });

  it("writes ten lines in ten seconds, counts the rest, and says how many there were", () => {
    const { lines, clock, log } = setUp();
    for (let count = 0; count < 1000; count += 1) log.report(request);
    expect(lines.length).toBe(10);
    expect(log.count).toBe(1000);
    clock.advance(10_000);
    log.report(request);
    log.report(request);
    expect(lines.length).toBe(12);
    expect(lines[10]).toMatchObject({ suppressed: 990 });
    expect(lines[11]).not.toHaveProperty("suppressed");
  });

  it("takes 0 for never", () => {
    expect(setUp(0).log.thresholdMs).toBe(Number.POSITIVE_INFINITY);
    expect(setUp(5).log.thresholdMs).toBe(5);
  });
});
