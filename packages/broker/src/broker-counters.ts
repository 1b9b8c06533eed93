/**
 * Counts of what a broker does, in plain fields: counting costs an addition, and `metrics` publishes them when it is asked.
 * They only grow, but for those that say "now".
 */

import type { ErrorCode } from "@sluice/model";
import { CallCounters } from "./method-counters.js";
import { LatencyHistogram } from "./metrics/latency-histogram.js";
import { DiskCounters } from "./metrics/measured-file-system.js";
import { TopicCounters } from "./metrics/topic-counters.js";

export { LatencyHistogram } from "./metrics/latency-histogram.js";

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
  /** From the arrival of a batch to its being handed to its partition: decoded, found and checked. */
  readonly produceCheck = new LatencyHistogram();
  /** From then until it is answered: placed, written, and flushed where flush=always. */
  readonly produceAppend = new LatencyHistogram();
  /** From having something to read, and room for it, to having read it. Waits for records do not count. */
  readonly fetchRead = new LatencyHistogram();
  /** Batches without an answer now, and their bytes. */
  produceRequestsInFlight = 0;
  produceBytesInFlight = 0;
  /** Fetches that wait for room on their stream now. */
  fetchesHeld = 0;
  readonly topics = new TopicCounters();
  readonly calls = new CallCounters();
  readonly disk = new DiskCounters();
}
