/**
 * `npm run demo`: the flights demo on all rows, in a temporary directory; with SLUICE_BROKERS, on the cluster that is there. Exits with 1
 * where anything differs.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFlights } from "./flight-data.js";
import { runFlightsDemo } from "./flights-demo.js";
import { printResult } from "./print-result.js";

const isTerminal = process.stderr.isTTY === true;
const clearLine = isTerminal ? "\r\u001b[2K" : "";

const { SLUICE_BROKERS: brokers } = process.env;
const dataDirectory = await mkdtemp(join(tmpdir(), "sluice-flights-"));
const place =
  brokers === undefined ? { dataDirectory } : { bootstrap: brokers.split(","), suffix: `-${Date.now().toString(36)}` };
try {
  const data = await readFlights({ nowMs: Date.now() });
  const result = await runFlightsDemo({
    ...place,
    data,
    onStep: (text) => void process.stderr.write(`${clearLine}- ${text}\n`),
    onProgress: (acknowledged, total) => {
      if (isTerminal) process.stderr.write(`${clearLine}  ${Math.floor((acknowledged / total) * 100)} %`);
    },
  });
  console.log(printResult(result));
  if (!result.comparisons.every(({ isEqual }) => isEqual)) process.exitCode = 1;
} finally {
  await rm(dataDirectory, { recursive: true, force: true });
}
