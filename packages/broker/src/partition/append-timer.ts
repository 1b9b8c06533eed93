/**
 * Times appends of one partition, one at a time: from placing a batch to its being written (and flushed where flush=always).
 * A sample: what is placed while another is timed is not.
 */

import type { Clock, Offset } from "@sluice/model";
import type { LatencyHistogram } from "../broker-counters.js";

export class AppendTimer {
  readonly #clock: Clock;
  readonly #latency: LatencyHistogram;
  /** Where the batch that is timed ends; undefined: none is. */
  #endOffset: Offset | undefined;
  #startMs = 0;

  constructor(clock: Clock, latency: LatencyHistogram) {
    this.#clock = clock;
    this.#latency = latency;
  }

  placed(endOffset: Offset): void {
    if (this.#endOffset !== undefined) return;
    this.#endOffset = endOffset;
    this.#startMs = this.#clock.monotonicMs();
  }

  /** What was placed from there on was never written, and is not timed. */
  takenBack(fromOffset: Offset): void {
    if (this.#endOffset !== undefined && this.#endOffset > fromOffset) this.#endOffset = undefined;
  }

  /** The log is safe up to here, as its topic asks for. */
  advanced(ackedOffset: Offset): void {
    if (this.#endOffset === undefined || ackedOffset < this.#endOffset) return;
    this.#endOffset = undefined;
    this.#latency.observe(this.#clock.monotonicMs() - this.#startMs);
  }
}
