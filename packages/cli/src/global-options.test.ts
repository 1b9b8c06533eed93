import { expect, it } from "vitest";
import { withGlobalsBehind } from "./global-options.js";

const commands = [{ path: ["topic", "list"] }, { path: ["produce"] }];

it.each([
  ["-o json topic list --internal", "topic list -o json --internal"],
  ["--context=prod -q produce t", "produce --context=prod -q t"],
  ["--brokers a:1 --timeout 5s topic list", "topic list --brokers a:1 --timeout 5s"],
  ["topic list -o json", "topic list -o json"],
  ["--brokers a:1 nothing", "nothing"],
  ["--version", "--version"],
])("of '%s' go behind the command", (before, after) => {
  expect(withGlobalsBehind(before.split(" "), commands).join(" ")).toBe(after);
});
