/** Runs the bare pipeline by itself: node dist/bare/main.js REPLICATION_FACTOR os|always [RUNS]. */

import { bareDefaults, runBarePipeline } from "./bare-pipeline.js";

const [factor = "1", flush = "os", runs = "1"] = process.argv.slice(2);
if (flush !== "os" && flush !== "always") throw new Error(`flush is os or always, not ${flush}`);
for (let i = 0; i < Number(runs); i++) {
  const { mbPerSecond, latency, leader } = await runBarePipeline({
    ...bareDefaults,
    replicationFactor: Number(factor),
    flush,
  });
  const { p50Ms, p99Ms } = latency;
  console.log(
    `${mbPerSecond.toFixed(0)} MB/s  p50 ${p50Ms.toFixed(2)} p99 ${p99Ms.toFixed(2)} ms  leader cpu ${leader.cpuSeconds.toFixed(2)} s`,
  );
}
