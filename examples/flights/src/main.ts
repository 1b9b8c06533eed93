/** `npm run demo`: the flights demo on all rows, in a temporary directory. Exits with 1 where anything differs. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFlights } from "./flight-data.js";
import { runFlightsDemo } from "./flights-demo.js";
import { printResult } from "./print-result.js";

const isTerminal = process.stderr.isTTY === true;
const clearLine = isTerminal ? "\r\u001b[2K" : "";

const dataDirectory = await mkdtemp(join(tmpdir(), "sluice-flights-"));
try {
  const data = await readFlights({ nowMs: Date.now() });
  const result = await runFlightsDemo({
    data,
    dataDirectory,
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
