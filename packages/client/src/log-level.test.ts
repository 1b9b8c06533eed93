import { SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { type LogLevel, loggerFor, logLevel } from "./log-level.js";
import type { Logger } from "./logger.js";
import { stderrLogger } from "./stderr-logger.js";

function recorder(): Logger & { readonly said: string[] } {
  const said: string[] = [];
  const say = (_data: object, message: string): void => void said.push(message);
  return { said, debug: say, info: say, warn: say, error: say };
}

function saidAt(options: { readonly logger?: Logger; readonly logLevel?: LogLevel }, made: Logger): void {
  const logger = loggerFor(options, () => made);
  for (const level of ["debug", "info", "warn", "error"] as const) logger[level]({}, level);
}

describe("the level of a log", () => {
  it.each([
    [undefined, ["debug", "info", "warn", "error"]],
    [logLevel.DEBUG, ["debug", "info", "warn", "error"]],
    [logLevel.INFO, ["info", "warn", "error"]],
    [logLevel.WARN, ["warn", "error"]],
    [logLevel.ERROR, ["error"]],
    [logLevel.NOTHING, []],
  ] as [LogLevel | undefined, string[]][])("%s: a logger is told %j", (level, expected) => {
    const own = recorder();
    saidAt(level === undefined ? { logger: own } : { logger: own, logLevel: level }, recorder());
    expect(own.said).toEqual(expected);
  });

  it("without a logger, brings one where a level is named, and is silent where none is", () => {
    const made = recorder();
    saidAt({}, made);
    expect(made.said).toEqual([]);
    saidAt({ logLevel: "warn" }, made);
    expect(made.said).toEqual(["warn", "error"]);
  });

  it("keeps the logger the one that its methods are called on", () => {
    class Own {
      readonly said: string[] = [];
      debug(_data: object, message: string): void {
        this.said.push(message);
      }
      info = (): void => undefined;
      warn = (): void => undefined;
      error = (): void => undefined;
    }
    const own = new Own();
    saidAt({ logger: own }, recorder());
    expect(own.said).toEqual(["debug"]);
  });
});

describe("the logger on standard error", () => {
  it("writes one JSON object a line, errors and bigints too", () => {
    const lines: string[] = [];
    const logger = stderrLogger(
      (line) => void lines.push(line),
      () => 1000,
    );
    const error = new SluiceError("CLOSED", { subject: "The client" });
    logger.warn({ topic: "t", count: 7n, error }, "it is so");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\n$/);
    expect(JSON.parse(lines[0] as string)).toEqual({
      level: 40,
      time: 1000,
      name: "sluice",
      topic: "t",
      count: "7",
      error: {
        type: "SluiceError",
        code: "CLOSED",
        message: "The client is closed.",
        stack: expect.any(String) as string,
      },
      msg: "it is so",
    });
  });
});
