import { describe, expect, it } from "vitest";
import { isSluiceError, SluiceError, toSluiceError } from "./sluice-error.js";

describe("SluiceError", () => {
  it("takes its text, number, status and hint from the catalogue", () => {
    const error = new SluiceError("UNKNOWN_PARTITION", { topic: "flights", partition: 7 });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe("SluiceError");
    expect(error.message).toBe("Topic 'flights' has no partition 7.");
    expect(error.hint).toBe("List its partitions with 'sluice topic describe flights'.");
    expect([error.code, error.number, error.retriable, error.status]).toEqual([
      "UNKNOWN_PARTITION",
      31,
      true,
      "NOT_FOUND",
    ]);
    expect(error.details).toEqual({ topic: "flights", partition: 7 });
  });

  it("does not take details for templates", () => {
    const error = new SluiceError("UNKNOWN_PARTITION", { topic: "{partition}", partition: "{topic}" });
    expect(error.message).toBe("Topic '{partition}' has no partition {topic}.");
  });

  it("keeps the cause", () => {
    const cause = new Error("EIO");
    expect(new SluiceError("INTERNAL", { reason: "x" }, { cause }).cause).toBe(cause);
  });

  it("wants the details of its code, as the compiler sees it", () => {
    // @ts-expect-error `partition` is missing
    new SluiceError("UNKNOWN_PARTITION", { topic: "t" });
    // @ts-expect-error `topics` is not a detail of UNKNOWN_TOPIC
    new SluiceError("UNKNOWN_TOPIC", { topics: "t" });
    // @ts-expect-error `partitionsMax` is named by the hint alone, and is missing
    new SluiceError("INVALID_PARTITION_COUNT", { partitions: 0 });
    // @ts-expect-error a detail is text or a number
    new SluiceError("UNKNOWN_TOPIC", { topic: null });
    // @ts-expect-error no such code
    expect(() => new SluiceError("NO_SUCH_CODE", {})).toThrow();
  });
});

describe("isSluiceError", () => {
  const error = new SluiceError("CLOSED", { subject: "The client" });

  it("knows them, by code too", () => {
    expect([isSluiceError(error), isSluiceError(error, "CLOSED"), isSluiceError(error, "INTERNAL")]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("knows one that another copy of the package made", () => {
    const foreign = Object.assign(new Error("x"), { code: "CLOSED", [Symbol.for("sluice.error")]: true });
    expect(isSluiceError(foreign, "CLOSED")).toBe(true);
  });

  it("takes nothing else for one", () => {
    for (const other of [undefined, null, "CLOSED", 63, new Error("x"), { code: "CLOSED", number: 63 }]) {
      expect(isSluiceError(other)).toBe(false);
    }
  });
});

describe("toSluiceError", () => {
  it("leaves a SluiceError as it is", () => {
    const error = new SluiceError("CLOSED", { subject: "The client" });
    expect(toSluiceError(error)).toBe(error);
  });

  it("makes INTERNAL of anything else and keeps it as the cause", () => {
    const cause = new TypeError("x is undefined");
    expect(toSluiceError(cause)).toMatchObject({ code: "INTERNAL", details: { reason: "x is undefined" }, cause });
    expect(toSluiceError("text")).toMatchObject({ code: "INTERNAL", details: { reason: "text" } });
  });
});
