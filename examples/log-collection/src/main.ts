/** Three services write a thousand lines each; a collector has them in three files. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { startTestCluster } from "@sluice/testing";
import { LineCollector } from "./line-collector.js";
import { logLines } from "./log-lines.js";
import { shipLines } from "./ship-lines.js";

const services = ["web", "mail", "search"];
const directory = await mkdtemp(join(tmpdir(), "sluice-log-collection-"));
try {
  await using cluster = await startTestCluster();
  const sluice = cluster.createClient();
  await sluice.admin().createTopics({ topics: [{ topic: logLines.name, numPartitions: 3 }] });
  await using collector = new LineCollector(sluice, directory);
  collector.start();
  await Promise.all(
    services.map((service) => {
      const lines = Array.from({ length: 1000 }, (_, index) => `${service} did thing ${index}\n`);
      return shipLines(sluice, service, Readable.from(lines));
    }),
  );
  await collector.until(3000);
  for (const service of services) {
    const lines = (await readFile(join(directory, `${service}.log`), "utf8")).split("\n");
    console.log(`${service}.log: ${lines.length - 1} lines, the last: ${lines.at(-2)}`);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
