import { SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { AdvisedError } from "./advice.js";
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

  it("knows no answer in time from no answer at all", () => {
    const unreachable = (code: "REQUEST_TIMED_OUT" | "WRONG_PORT") =>
      new SluiceError(
        "BROKER_UNREACHABLE",
        { addresses: "a:1", reason: "x" },
        { cause: new SluiceError(code, { address: "a:1", operation: "x", reason: "x", timeoutMs: 1 }) },
      );
    expect(describeFailure(unreachable("REQUEST_TIMED_OUT")).exitCode).toBe(4);
    expect(describeFailure(unreachable("WRONG_PORT")).exitCode).toBe(1);
  });

  it("adds what a command knows, and keeps the rest of the error", () => {
    const error = new SluiceError("UNKNOWN_TOPIC", { topic: "t" });
    expect(describeFailure(new AdvisedError(error, "Did you mean 'u'?"))).toEqual({
      text: `${describeFailure(error).text}\nDid you mean 'u'?`,
      exitCode: 1,
    });
  });

  it("says which flag and variable choose another port", () => {
    const text = describeFailure(new SluiceError("ADDRESS_IN_USE", { address: "a:1", option: "httpPort" })).text;
    expect(text).toMatch(/--http-port, the environment variable SLUICE_HTTP_PORT/);
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
