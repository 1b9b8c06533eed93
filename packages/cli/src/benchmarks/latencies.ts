/** Latencies of a benchmark, in a histogram of Node's own: 1 microsecond to an hour, three digits. */

import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Milliseconds; null where nothing was measured. */
export interface LatencySummary {
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly maxMs: number | null;
}

const nanosecondsPerMs = 1e6;

export class Latencies {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: 3.6e12, figures: 3 });

  /** Takes one latency in milliseconds. */
  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * nanosecondsPerMs)));
  }

  get count(): number {
    return this.#histogram.count;
  }

  summary(): LatencySummary {
    const histogram = this.#histogram;
    const ms = (nanoseconds: number): number | null =>
      histogram.count === 0 ? null : Number((nanoseconds / nanosecondsPerMs).toFixed(3));
    return {
      meanMs: ms(histogram.mean),
      p50Ms: ms(histogram.percentile(50)),
      p90Ms: ms(histogram.percentile(90)),
      p99Ms: ms(histogram.percentile(99)),
      p999Ms: ms(histogram.percentile(99.9)),
      maxMs: ms(histogram.max),
    };
  }
}
