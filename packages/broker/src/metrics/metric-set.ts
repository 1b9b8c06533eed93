/** Declares metrics that are read where they are kept, when somebody asks; the one place that makes metrics of prom-client. */

import { Counter, Gauge, Registry } from "prom-client";
import type { LatencyHistogram } from "./latency-histogram.js";
import { PlainHistogram } from "./plain-histogram.js";

/** Values by the values of the labels, in their order. */
export type LabelledValues = Iterable<readonly [labels: readonly string[], value: number]>;

/** What a metric is, for documentation. */
export interface MetricDescription {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
}

export class MetricSet {
  readonly contentType: string;
  /** In the order in which they were declared. */
  readonly descriptions: MetricDescription[] = [];
  readonly #registry = new Registry();

  constructor() {
    this.contentType = this.#registry.contentType;
  }

  /** The exposition text of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  counter(name: string, help: string, read: () => number): void {
    this.labelledCounter(name, help, [], () => [[[], read()]]);
  }

  gauge(name: string, help: string, read: () => number): void {
    this.labelledGauge(name, help, [], () => [[[], read()]]);
  }

  labelledCounter(name: string, help: string, labels: readonly string[], read: () => LabelledValues): void {
    this.descriptions.push({ name, type: "counter", labels, help });
    new Counter({
      name,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [values, value] of read()) this.inc(labelsOf(labels, values), value);
      },
    });
  }

  labelledGauge(name: string, help: string, labels: readonly string[], read: () => LabelledValues): void {
    this.descriptions.push({ name, type: "gauge", labels, help });
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [values, value] of read()) this.set(labelsOf(labels, values), value);
      },
    });
  }

  histogram(name: string, help: string, source: LatencyHistogram): void {
    this.descriptions.push({ name, type: "histogram", labels: [], help });
    new PlainHistogram({ name, help, source, registry: this.#registry });
  }
}

function labelsOf(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}
