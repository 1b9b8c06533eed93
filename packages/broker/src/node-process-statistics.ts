/** What Node knows of its own process: memory, processor time and how late the event loop runs. Reads clocks: a port. */

import { readdirSync } from "node:fs";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";

export interface EventLoopDelay {
  readonly p50Seconds: number;
  readonly p99Seconds: number;
  readonly maxSeconds: number;
}

export interface ProcessStatistics {
  residentMemoryBytes(): number;
  /** JavaScript objects in memory. */
  heapBytes(): number;
  /** Buffers in memory. */
  externalMemoryBytes(): number;
  /** Files and sockets that are open; -1 where the system does not tell. */
  openFileDescriptors(): number;
  /** Processor time, user and system, since the process began. */
  cpuSeconds(): number;
  /** How late the event loop ran since it was last asked. */
  takeEventLoopDelay(): EventLoopDelay;
  /** Samples no more. */
  close(): void;
}

/** How often the delay of the event loop is sampled. */
const resolutionMs = 20;

/** The statistics of this process. Samples the event loop from its creation to `close`. */
export class NodeProcessStatistics implements ProcessStatistics {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });

  constructor() {
    this.#delay.enable();
  }

  residentMemoryBytes(): number {
    return process.memoryUsage.rss();
  }

  heapBytes(): number {
    return process.memoryUsage().heapUsed;
  }

  externalMemoryBytes(): number {
    return process.memoryUsage().external;
  }

  openFileDescriptors(): number {
    try {
      // One of them is that of the directory itself.
      return readdirSync("/proc/self/fd").length - 1;
    } catch {
      return -1;
    }
  }

  cpuSeconds(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }

  takeEventLoopDelay(): EventLoopDelay {
    // A sample is the time between two samplings: what is over the resolution is delay. Without samples there is none.
    const seconds = (nanoseconds: number): number =>
      this.#delay.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000);
    const delay = {
      p50Seconds: seconds(this.#delay.percentile(50)),
      p99Seconds: seconds(this.#delay.percentile(99)),
      maxSeconds: seconds(this.#delay.max),
    };
    this.#delay.reset();
    return delay;
  }

  close(): void {
    this.#delay.disable();
  }
}
