import { VirtualClock } from "@sluice/model/testing";
import { expect, it } from "vitest";
import { type Logger, silentLogger } from "./logging.js";
import { RefusedConnectionsReport } from "./refused-connections-report.js";

it("says once a minute how many connections were refused since it last did, and nothing where there were none", () => {
  const clock = new VirtualClock();
  const lines: object[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => void lines.push(fields) };
  let refused = 0;
  const report = new RefusedConnectionsReport({ connectionsMax: 100 }, { clock, logger, refusedCount: () => refused });
  report.start();
  refused = 500;
  clock.advance(59_999);
  expect(lines).toEqual([]);
  clock.advance(1);
  clock.advance(120_000);
  refused = 501;
  clock.advance(60_000);
  expect(lines).toEqual([
    { refused: 500, connectionsMax: 100 },
    { refused: 1, connectionsMax: 100 },
  ]);
  report.close();
  expect(clock.timerCount).toBe(0);
});
