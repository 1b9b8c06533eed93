import { expect, it } from "vitest";
import { formatCheckpoint } from "./checkpoint-file.js";
import { gapsBelowIn } from "./compaction-gaps.js";
import { filesPartitionPath as directory, memoryFiles, putFile } from "./testing/partition-files.js";

it("knows where batches may be missing from the checkpoint; without one nowhere, with nonsense below the last segment", async () => {
  const fileSystem = memoryFiles();
  const partition = { directory, lastBaseOffset: 40, isCompacted: false };
  expect(await gapsBelowIn(fileSystem, partition)).toBe(0);
  expect(await gapsBelowIn(fileSystem, { ...partition, isCompacted: true })).toBe(40);
  const bytes = formatCheckpoint(["gaps-below 20", "cleaned-to 20", "tombstones-dropped-to -1"], { hasChecksum: true });
  await putFile(fileSystem, `${directory}/compaction-checkpoint`, bytes);
  expect(await gapsBelowIn(fileSystem, partition)).toBe(20);
  await putFile(fileSystem, `${directory}/compaction-checkpoint`, bytes.subarray(1));
  expect(await gapsBelowIn(fileSystem, partition)).toBe(40);
});
