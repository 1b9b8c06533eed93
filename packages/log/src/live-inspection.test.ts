/**
 * The offline tools beside a writer: a directory on disk that is appended to in pieces, rolled, cut at its start, and compacted by
 * renames, while it is checked again and again. Nothing of that is damage, and nothing may be said to be.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFileError, isSluiceError } from "@sluice/model";
import { expect, it, onTestFinished } from "vitest";
import { replaceFile } from "./checkpoint-file.js";
import { inspectDataDirectory } from "./data-directory-report.js";
import { rebuildIndexes } from "./index-rebuild.js";
import { verifyLogDirectory } from "./log-verification.js";
import { NodeFileSystem } from "./node-file-system.js";
import { segmentPaths } from "./partition-directory.js";
import { dumpSegment } from "./segment-dump.js";
import { filesPartitionName, putFile, putSegment, stampedBatches } from "./testing/partition-files.js";

const batchesPerSegment = 40;
const offsetsPerSegment = batchesPerSegment * 2;
const segmentCount = 60;
const keptSegments = 6;

const metadata = `version: 0\ntopic_id: ${filesPartitionName.slice(0, -2)}\ntopic: t\npartition: 0\n`;
const fileSystem = new NodeFileSystem();

/** Writes segment after segment, a part of a batch at a time; `isDone` once it has ended. */
class Writer {
  isDone = false;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async run(): Promise<void> {
    try {
      for (let segment = 0; segment < segmentCount; segment += 1) {
        await this.#fill(segment * offsetsPerSegment);
        if (segment % 5 === 4) await this.#merge(segment * offsetsPerSegment);
        if (segment >= keptSegments) await this.#remove((segment - keptSegments) * offsetsPerSegment);
      }
    } finally {
      this.isDone = true;
    }
  }

  async #fill(baseOffset: number): Promise<void> {
    const bytes = Buffer.concat(stampedBatches(baseOffset, batchesPerSegment));
    const file = await fileSystem.open(segmentPaths(this.#directory, baseOffset).log, "create");
    for (let position = 0; position < bytes.length; position += 1009) {
      await file.write([bytes.subarray(position, position + 1009)], position);
    }
    await file.close();
    await putSegment(fileSystem, this.#directory, baseOffset, stampedBatches(baseOffset, batchesPerSegment));
  }

  /** Puts one segment in the place of two, the way compaction does. */
  async #merge(last: number): Promise<void> {
    const first = last - offsetsPerSegment;
    await putSegment(fileSystem, `${this.#directory}.merging`, first, stampedBatches(first, 2 * batchesPerSegment));
    const [sources, target] = [segmentPaths(this.#directory, last), segmentPaths(this.#directory, first)];
    const made = segmentPaths(`${this.#directory}.merging`, first);
    const kinds = ["offsetIndex", "timeIndex", "log"] as const;
    for (const kind of kinds) await fileSystem.rename(made[kind], `${target[kind]}.swap`);
    for (const kind of kinds) await fileSystem.rename(sources[kind], `${sources[kind]}.deleted`);
    for (const kind of kinds) await fileSystem.rename(`${target[kind]}.swap`, target[kind]);
    for (const kind of kinds) await fileSystem.removeFile(`${sources[kind]}.deleted`);
  }

  async #remove(baseOffset: number): Promise<void> {
    for (const path of Object.values(segmentPaths(this.#directory, baseOffset))) {
      await fileSystem.removeFile(path).catch((error: unknown) => {
        if (!isFileError(error, "ENOENT")) throw error;
      });
    }
  }
}

it("a writer beside them makes the tools neither fail nor see damage", async () => {
  const root = mkdtempSync(join(tmpdir(), "sluice-test-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const directory = `${root}/${filesPartitionName}`;
  await putFile(fileSystem, `${root}/meta`, '{"clusterId":"c","brokerId":1,"directoryId":"d"}');
  await putFile(fileSystem, `${directory}/partition.metadata`, metadata);
  await replaceFile(fileSystem, `${directory}/leader-epoch-checkpoint`, Buffer.from("0\n1\n1 0\n"));

  const writer = new Writer(directory);
  const writing = writer.run();
  let checks = 0;
  while (!writer.isDone || checks < 5) {
    await checkOnce(root, directory);
    checks += 1;
  }
  await writing;
  const report = await inspectDataDirectory(fileSystem, root);
  expect(report.partitions[0]?.logEndOffset).toBe(segmentCount * offsetsPerSegment);
});

async function checkOnce(root: string, directory: string): Promise<void> {
  const findings = await verifyLogDirectory(fileSystem, root);
  const isForeign = (path: string): boolean => path.includes(".merging");
  expect(findings.filter(({ status, path }) => status === "corrupt" && !isForeign(path))).toEqual([]);
  const { partitions } = await inspectDataDirectory(fileSystem, root);
  expect(partitions.flatMap(({ problems }) => problems)).toEqual([]);
  for await (const segment of rebuildIndexes(fileSystem, {
    path: directory,
    indexIntervalBytes: 200,
    execute: false,
  })) {
    // A segment that was the last when they were listed may be cut short since, as far as the look at it goes.
    if (segment.damage !== undefined) expect(segment.damage).toMatch(/the file ends inside/);
  }
  const logs = (await fileSystem.list(directory)).filter((name) => name.endsWith(".log"));
  try {
    for await (const item of dumpSegment(fileSystem, `${directory}/${logs.at(-1)}`)) {
      if (item.type === "damage") expect(item.isTorn).toBe(true);
    }
  } catch (error) {
    // Merged into the one before it since it was listed.
    if (!isSluiceError(error, "FILE_NOT_FOUND")) throw error;
  }
}
