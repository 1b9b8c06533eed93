/** A prom-client histogram whose buckets are kept elsewhere, in plain fields, and only read when metrics are asked for. */

import { Histogram, type Registry } from "prom-client";
import type { LatencyHistogram } from "./latency-histogram.js";

export class PlainHistogram extends Histogram<string> {
  readonly #metricName: string;
  readonly #help: string;
  readonly #source: LatencyHistogram;

  constructor(options: { name: string; help: string; source: LatencyHistogram; registry: Registry }) {
    super({ name: options.name, help: options.help, registers: [options.registry] });
    this.#metricName = options.name;
    this.#help = options.help;
    this.#source = options.source;
  }

  // prom-client asks for either, depending on whether text or objects are wanted.
  override get(): ReturnType<Histogram<string>["get"]> {
    return this.getForPromString();
  }

  getForPromString(): ReturnType<Histogram<string>["get"]> {
    const { boundsMs, counts, sumMs } = this.#source;
    const name = this.#metricName;
    const values = [];
    let count = 0;
    for (const [bucket, bucketCount] of counts.entries()) {
      count += bucketCount;
      const boundMs = boundsMs[bucket];
      const le = boundMs === undefined ? "+Inf" : boundMs / 1000;
      values.push({ metricName: `${name}_bucket`, labels: { le }, value: count });
    }
    values.push({ metricName: `${name}_sum`, labels: {}, value: sumMs / 1000 });
    values.push({ metricName: `${name}_count`, labels: {}, value: count });
    // Only what prom-client prints: it never calls `collect` of what it has got.
    const metric = { name, help: this.#help, type: "histogram", aggregator: "sum", values };
    return Promise.resolve(metric as unknown as Awaited<ReturnType<Histogram<string>["get"]>>);
  }
}
