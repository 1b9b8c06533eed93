/** Statistics of a process that there is not: everything is 0. */

import type { ProcessStatistics } from "./node-process-statistics.js";

export const noProcessStatistics: ProcessStatistics = {
  residentMemoryBytes: () => 0,
  heapBytes: () => 0,
  externalMemoryBytes: () => 0,
  openFileDescriptors: () => 0,
  cpuSeconds: () => 0,
  takeEventLoopDelay: () => ({ p50Seconds: 0, p99Seconds: 0, maxSeconds: 0 }),
  close: () => undefined,
};
