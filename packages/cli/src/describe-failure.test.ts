import { SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { InputError, UsageError } from "./command-context.js";
import { describeFailure } from "./describe-failure.js";

describe("describeFailure", () => {
  it("says code and hint of an error of the catalogue", () => {
    expect(describeFailure(new SluiceError("UNKNOWN_TOPIC", { topic: "t" }))).toEqual({
      text: "Topic 't' does not exist. (UNKNOWN_TOPIC)\nCreate it with 'sluice topic create t --partitions N', or list what exists with 'sluice topic list'.",
      exitCode: 1,
    });
  });

  it("tells usage, input and timeouts apart by the exit code", () => {
    expect(describeFailure(new UsageError("no", "do")).exitCode).toBe(2);
    expect(describeFailure(new SluiceError("INVALID_TOPIC_NAME", { topic: "/" })).exitCode).toBe(2);
    expect(describeFailure(new InputError("no", "do")).exitCode).toBe(1);
    expect(describeFailure(new SluiceError("REQUEST_TIMED_OUT", { operation: "x", timeoutMs: 1 })).exitCode).toBe(4);
  });

  it("names the path of a file that is not there, and has no stack trace for anything", () => {
    const missing = Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT", path: "/x" });
    expect(describeFailure(missing).text).toBe("/x does not exist.\nCheck the path.");
    const fails = (code: string): string => describeFailure(Object.assign(new Error(code), { code, path: "/x" })).text;
    expect(fails("ENOTDIR")).toBe("/x does not exist: a part of the path is a file.\nCheck the path.");
    expect(fails("ENAMETOOLONG")).toBe("/x is longer than a path may be.\nCheck the path.");
    expect(fails("EIO")).toMatch(/^\/x cannot be read or written: its disk fails\.\n/);
    expect(fails("EACCES")).toMatch(/^\/x may not be used\.\n/);
    expect(fails("ERR_ODD")).toMatch(/report it/);
    expect(describeFailure(new Error("odd")).text).toMatch(/^odd\n.*report it/);
    expect(describeFailure("odd").text).toMatch(/^odd\n/);
  });
});
