import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { InputError } from "../command-context.js";
import { readPlanFile } from "./plan-file.js";

async function file(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-plan-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "plan.json");
  await writeFile(path, text);
  return path;
}

it("has the moves that a dry run prints", async () => {
  const path = await file(
    '{"executed":false,"moves":[{"topic":"t","partition":1,"current":[1],"new":[2,1]}],"replicasMoved":1}\n',
  );
  expect(await readPlanFile(path)).toEqual([{ topic: "t", partitionAssignment: [{ partition: 1, replicas: [2, 1] }] }]);
});

it.each([
  "",
  "[]",
  "null",
  "{}",
  '{"moves":{}}',
  '{"moves":[{"topic":"t","partition":-1,"new":[1]}]}',
  '{"moves":[{"topic":"t","partition":0,"new":["1"]}]}',
  '{"moves":[{"topic":"t","partition":0}]}',
])("is refused where it holds %j", async (text) => {
  await expect(readPlanFile(await file(text))).rejects.toThrow(InputError);
});
