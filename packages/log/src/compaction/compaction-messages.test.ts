import { SluiceError } from "@sluice/model";
import { expect, it } from "vitest";
import { errorFromMessage, errorToMessage } from "./compaction-messages.js";

it("brings an error of the catalogue over as it was", () => {
  const error = new SluiceError("CORRUPT_FILE", { path: "/log/0.log", reason: "bits" });
  const arrived = errorFromMessage(structuredClone(errorToMessage(error)));
  expect(arrived).toMatchObject({ code: "CORRUPT_FILE", details: error.details, message: error.message });
});

it("brings any other over as INTERNAL, with what it said, and a code that is not known here too", () => {
  expect(errorFromMessage(errorToMessage(new TypeError("no such thing"))).message).toMatch(/no such thing/);
  const unknown = { code: "FROM_THE_FUTURE" as "INTERNAL", details: {} };
  expect(errorFromMessage(unknown)).toMatchObject({ code: "INTERNAL", details: { reason: "FROM_THE_FUTURE" } });
});
