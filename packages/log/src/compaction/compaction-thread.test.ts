import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isSluiceError } from "@sluice/model";
import { expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../../../../test/support/temporary-directory.js";
import { NodeFileSystem } from "../node-file-system.js";
import { segmentPaths } from "../partition-directory.js";
import { keyedBatch, SegmentsOnDisk } from "../testing/compaction-fixture.js";
import { CompactionThread } from "./compaction-thread.js";

const fileSystem = new NodeFileSystem();

async function newLog(segmentCount = 3): Promise<SegmentsOnDisk> {
  const log = await SegmentsOnDisk.create(fileSystem, join(await temporaryDirectory(), "log"));
  for (let segment = 0; segment < segmentCount; segment++) {
    const batches = Array.from({ length: 20 }, (_, index) =>
      keyedBatch([{ key: `key-${index % 5}`, value: `${segment}-${index}` }], { compression: "gzip" }),
    );
    await log.addSegment(fileSystem, batches);
  }
  return log;
}

function newThread(): CompactionThread {
  const thread = new CompactionThread();
  onTestFinished(() => thread.close());
  return thread;
}

it("compacts on the real disk, one job after the other", async () => {
  const thread = newThread();
  const logs = [await newLog(), await newLog()];
  const results = await Promise.all(logs.map((log) => thread.run(log.job())));
  for (const [index, log] of logs.entries()) {
    await log.commit(fileSystem, results[index] ?? expect.fail());
    const records = await log.readRecords(fileSystem);
    expect(records.map(({ offset }) => offset)).toEqual([55, 56, 57, 58, 59]);
  }
});

it("brings errors back with their code, and goes on with the next job", async () => {
  const thread = newThread();
  const [bad, good] = [await newLog(), await newLog()];
  const path = segmentPaths(bad.directory, 20).log;
  const file = await fileSystem.open(path, "write");
  await file.write([Buffer.from([1])], 30);
  await file.close();
  const error: unknown = await thread.run(bad.job()).catch((caught: unknown) => caught);
  expect(isSluiceError(error, "CORRUPT_FILE")).toBe(true);
  expect(error).toMatchObject({ details: { path } });
  const lost = { ...good.job(), directory: `${good.directory}/nowhere` };
  await expect(thread.run(lost)).rejects.toMatchObject({ code: "DISK_FAILED" });
  expect((await thread.run(good.job())).cleanedTo).toBe(60);
});

it("aborts a job that waits for its rate, with the signal's reason, and leaves no file", async () => {
  const thread = newThread();
  const log = await newLog();
  const before = await fileSystem.list(log.directory);
  const controller = new AbortController();
  const [first, second] = [controller, new AbortController()].map(({ signal }) =>
    thread.run(log.job({ bytesPerSecMax: 1 }), signal),
  );
  // The first job is on its way by now: another has to wait for it.
  controller.abort(new Error("enough"));
  await expect(first).rejects.toThrow("enough");
  await thread.close();
  await expect(second).rejects.toMatchObject({ code: "CLOSED" });
  await expect(thread.run(log.job())).rejects.toMatchObject({ code: "CLOSED" });
  expect(await fileSystem.list(log.directory)).toEqual(before);
});

it("starts no thread before there is a job, and ends without one", async () => {
  await new CompactionThread().close();
});

it("finds its worker by the export of the package", () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
    exports: Record<string, { default: string }>;
  };
  expect(manifest.exports["./compaction-worker"]?.default).toBe("./dist/compaction/compaction-worker.js");
});
