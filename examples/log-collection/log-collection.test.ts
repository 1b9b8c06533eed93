import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { startTestCluster } from "@sluice/testing";
import { expect, it, onTestFinished, vi } from "vitest";
import { LineCollector } from "./src/line-collector.js";
import { logLines } from "./src/log-lines.js";
import { shipLines } from "./src/ship-lines.js";

const services = ["web", "mail", "search"];
const lineCount = 500;
const lineOf = (service: string, index: number): string => `${service} line ${index}`;

async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "sluice-log-collection-test-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

it("has every line of every service in order, with two collectors of which one goes away", async () => {
  await using cluster = await startTestCluster();
  const sluice = cluster.createClient();
  const directory = await temporaryDirectory();
  await sluice.admin().createTopics({ topics: [{ topic: logLines.name, numPartitions: 6 }] });
  await using staying = new LineCollector(sluice, directory);
  staying.start();
  const leaving = new LineCollector(sluice, directory);
  leaving.start();
  const ship = (from: number): Promise<unknown> =>
    Promise.all(
      services.map((service) => {
        const lines = Array.from({ length: lineCount }, (_, index) => `${lineOf(service, from + index)}\n`);
        return shipLines(sluice, service, Readable.from(lines));
      }),
    );
  await ship(0);
  await leaving[Symbol.asyncDispose]();
  await ship(lineCount);
  const linesOf = async (service: string): Promise<string[]> => {
    const text = await readFile(join(directory, `${service}.log`), "utf8");
    // Written twice is possible when a partition changes hands; the position in front of a line says so.
    return [...new Set(text.split("\n").filter((line) => line !== ""))];
  };
  await vi.waitFor(
    async () => {
      const counts = await Promise.all(services.map(async (service) => (await linesOf(service)).length));
      expect(counts).toEqual(services.map(() => 2 * lineCount));
    },
    { timeout: 30_000 },
  );
  for (const service of services) {
    const texts = (await linesOf(service)).map((line) => line.slice(line.indexOf(" ") + 1));
    expect(texts).toEqual(Array.from({ length: 2 * lineCount }, (_, index) => lineOf(service, index)));
  }
});
