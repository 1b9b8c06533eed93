/** A histogram of durations in plain fields: observing costs a few comparisons, and nothing is made for it. */

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
