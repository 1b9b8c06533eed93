/**
 * Producer of the bare pipeline: keeps so many batches in flight, and measures the time from send to answer.
 *
 * Runs as a child process: argv is PORT TOTAL_BYTES BATCH_BYTES IN_FLIGHT CONNECTIONS. It sends `measured` when all
 * batches are answered.
 */

import { reportAndExitOnStop, sendToParent } from "../child-messages.js";
import { LatencyHistogram } from "../latency-histogram.js";
import { openBareStream } from "./bare-wire.js";

const [port = 0, totalBytes = 0, batchBytes = 0, inFlightMax = 1, connections = 1] = process.argv.slice(2).map(Number);
const batchCount = Math.max(1, Math.floor(totalBytes / batchBytes));
const latencies = new LatencyHistogram();
let sentCount = 0;
let answeredCount = 0;

function connect(beganMs: number): void {
  const call = openBareStream(port, "produce");
  const startedAtMs: number[] = [];
  const send = (): void => {
    while (startedAtMs.length < inFlightMax && sentCount < batchCount) {
      sentCount++;
      startedAtMs.push(performance.now());
      call.write(Buffer.allocUnsafe(batchBytes + 4));
    }
  };
  call.on("data", () => {
    latencies.record(performance.now() - (startedAtMs.shift() ?? 0));
    if (++answeredCount === batchCount) report(beganMs);
    send();
  });
  call.on("error", (error) => {
    throw error;
  });
  send();
}

function report(beganMs: number): void {
  const seconds = (performance.now() - beganMs) / 1000;
  const bytes = batchCount * batchBytes;
  sendToParent({ type: "measured", seconds, records: batchCount, bytes, latency: latencies.summary() });
}

reportAndExitOnStop(() => undefined);
const beganMs = performance.now();
for (let i = 0; i < connections; i++) connect(beganMs);
