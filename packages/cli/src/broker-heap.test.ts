/** The flag is V8's, not Node's: every version that is to run brokers must know it, and obey it after its start. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { describe, expect, it, vi } from "vitest";
import { nodeDirectory, otherNodeVersions } from "../../../test/support/node-versions.js";
import { finished } from "../../../test/support/program.js";
import { lightenHeapMarking } from "./broker-heap.js";

vi.mock("node:v8", () => ({ setFlagsFromString: vi.fn() }));

/** Sets the flags that it is given, and prints to how many times its live size the heap grows before it is marked. */
const growthProgram = `
  import { setFlagsFromString } from "node:v8";
  import { constants, PerformanceObserver } from "node:perf_hooks";
  import { runInNewContext } from "node:vm";
  setFlagsFromString("--expose-gc");
  for (const flag of process.argv.slice(1)) setFlagsFromString(flag);
  const live = Array.from({ length: 40 }, (_, index) => new Array(131_072).fill(index));
  runInNewContext("gc")();
  const liveBytes = process.memoryUsage().heapUsed;
  let peakBytes = 0;
  let isMarked = false;
  const observer = new PerformanceObserver((list) => {
    isMarked ||= list.getEntries().some(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR);
  });
  await new Promise(setImmediate);
  observer.observe({ entryTypes: ["gc"] });
  while (!isMarked) {
    for (let count = 0; count < 4; count += 1) live[40] = new Array(131_072).fill(count);
    peakBytes = Math.max(peakBytes, process.memoryUsage().heapUsed);
    await new Promise(setImmediate);
  }
  console.log(peakBytes / liveBytes);
`;

async function growthOf(node: string, flags: readonly string[]): Promise<number> {
  const child = spawn(node, ["--input-type=module", "--eval", growthProgram, "--", ...flags]);
  const { status, stdout, stderr } = await finished(child, "");
  // A flag that V8 does not know is told there.
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return Number(stdout);
}

describe("lightenHeapMarking", () => {
  it.each(["this Node", ...otherNodeVersions])(
    "lets the heap grow to about three times what lives (%s)",
    async (version) => {
      lightenHeapMarking();
      const flags = vi.mocked(setFlagsFromString).mock.calls.map(([flag]) => flag);
      const node = version === "this Node" ? process.execPath : join(await nodeDirectory(version), "node");
      const little = "--heap-growing-percent=20";
      expect(await growthOf(node, [little])).toBeLessThan(2.2);
      const growth = await growthOf(node, [little, ...flags]);
      expect(growth).toBeGreaterThan(2.5);
      expect(growth).toBeLessThan(4.2);
    },
    120_000,
  );
});
