import { expect, it } from "vitest";
import { fakeContext } from "../testing/fake-context.js";
import { complete, type FindNames } from "./complete.js";

const names: FindNames = async (kind) =>
  ({ topic: ["orders", "payments"], group: ["billing"], context: ["prod"] })[kind];

async function values(line: string, findNames = names): Promise<string[]> {
  const { candidates, files } = await complete(line.split(" "), fakeContext(), findNames);
  return [...candidates.map(({ value }) => value), ...(files ? [":files"] : [])];
}

it.each([
  ["to", ["topic"]],
  ["topic d", ["describe", "delete"]],
  ["topic describe ", ["orders", "payments"]],
  ["topic describe o", ["orders"]],
  ["topic describe orders ", []],
  ["topic describe -o json ", ["orders", "payments"]],
  ["consume orders p", ["payments"]],
  ["consume orders --group ", ["billing"]],
  ["consume orders -g b", ["billing"]],
  ["group reset billing --topic=o", ["--topic=orders"]],
  ["produce orders --compression z", ["zstd"]],
  ["topic list -o y", ["yaml"]],
  ["topic list --brok", ["--brokers"]],
  ["topic alter orders --set bounded", ["bounded.bytes="]],
  ["topic alter orders --reset bounded", ["bounded.bytes"]],
  ["context use ", ["prod"]],
  ["produce orders --file ", [":files"]],
  ["segment dump ", [":files"]],
  ["generate completion z", ["zsh"]],
  ["nothing ", []],
])("completes '%s' with %j", async (line, candidates) => {
  expect(await values(line)).toEqual(candidates);
});

it("offers every command a person may call, and none that is hidden", async () => {
  const all = await values("");
  expect(all).toEqual(expect.arrayContaining(["bench", "consume", "doctor", "group", "produce", "topic"]));
  expect(all).not.toContain("__complete");
});
