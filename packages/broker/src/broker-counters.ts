/**
 * Counts of what a broker does, in plain fields: counting costs an addition, and `metrics` publishes them when it is asked.
 * They only grow.
 */

import type { ErrorCode } from "@sluice/model";

/** Upper bounds of the buckets, in milliseconds. */
const bucketBoundsMs = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;

/** How long something took, in buckets. */
export class LatencyHistogram {
  /** Upper bounds in milliseconds; what is longer falls into the last bucket, which has none. */
  readonly boundsMs: readonly number[] = bucketBoundsMs;
  /** Observations a bucket, one more than there are bounds. Not cumulative. */
  readonly counts: number[] = new Array<number>(bucketBoundsMs.length + 1).fill(0);
  sumMs = 0;

  observe(durationMs: number): void {
    let bucket = 0;
    while (bucket < bucketBoundsMs.length && durationMs > (bucketBoundsMs[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sumMs += durationMs;
  }
}

/** Counts of one kind of request. */
export class RequestCounters {
  requests = 0;
  /** Bytes of record batches. */
  bytes = 0;
  /** Refusals, by code. */
  readonly errors = new Map<ErrorCode, number>();
  /** From the arrival of a request to its answer. */
  readonly latency = new LatencyHistogram();

  countError(code: ErrorCode): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}

export class BrokerCounters {
  readonly produce = new RequestCounters();
  /** Latency counts the wait for something to read. */
  readonly fetch = new RequestCounters();
  /** Records in batches that were accepted. */
  recordsProduced = 0;
  /** From placing a batch in a log to its having been written (and flushed where flush=always); a sample. */
  readonly append = new LatencyHistogram();
}
