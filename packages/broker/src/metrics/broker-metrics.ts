/**
 * What /metrics shows of a broker. Everything is read when it is asked for; nothing here costs a request anything.
 *
 * Each broker has a registry of its own, so several of them in one process do not mix; the figures of the process are
 * in each.
 */

import { Counter, Gauge, Registry } from "prom-client";
import type { BrokerCounters, RequestCounters } from "../broker-counters.js";
import type { ProcessStatistics } from "../node-process-statistics.js";
import type { PartitionTotals } from "../partition/partition-registry.js";
import { PlainHistogram } from "./plain-histogram.js";

export interface BrokerMetricsSources {
  readonly counters: BrokerCounters;
  partitionTotals(): PartitionTotals;
  /** Of the data directory; `freeBytes` is undefined before it was first looked at. */
  disk(): { readonly freeBytes: number | undefined; readonly isFull: boolean; readonly isOffline: boolean };
  /** Produce, Fetch and Subscribe streams that are open. */
  openStreams(): number;
  readonly processStatistics: ProcessStatistics;
}

export class BrokerMetrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #sources: BrokerMetricsSources;

  constructor(sources: BrokerMetricsSources) {
    this.#sources = sources;
    this.contentType = this.#registry.contentType;
    const { counters } = sources;
    this.#requests("produce", counters.produce);
    this.#requests("fetch", counters.fetch);
    this.#counter("sluice_produce_records_total", "Records in accepted batches.", () => counters.recordsProduced);
    this.#histogram("sluice_append_duration_seconds", "From placing a batch to its write; a sample.", counters.append);
    this.#partitions();
    this.#disk();
    this.#process();
  }

  /** The exposition text of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #requests(request: string, counters: RequestCounters): void {
    const name = `sluice_${request}`;
    this.#counter(`${name}_requests_total`, `Requests to ${request}.`, () => counters.requests);
    this.#counter(`${name}_bytes_total`, `Record batch bytes of ${request} requests.`, () => counters.bytes);
    this.#histogram(`${name}_duration_seconds`, `From the arrival of a ${request} to its answer.`, counters.latency);
    new Counter({
      name: `${name}_errors_total`,
      help: `Requests to ${request} that were refused, by code.`,
      labelNames: ["code"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [code, count] of counters.errors) this.inc({ code }, count);
      },
    });
  }

  #partitions(): void {
    const { partitionTotals, openStreams } = this.#sources;
    this.#gauge("sluice_led_partitions", "Partitions that this broker leads.", () => partitionTotals().led);
    this.#gauge("sluice_offline_partitions", "Partitions out of service here.", () => partitionTotals().offline);
    this.#gauge("sluice_parked_fetches", "Fetches waiting for records.", () => partitionTotals().parkedFetches);
    this.#gauge("sluice_log_size_bytes", "Bytes in the segments of open logs.", () => partitionTotals().logSizeBytes);
    this.#gauge("sluice_open_streams", "Produce, Fetch and Subscribe streams.", openStreams);
  }

  #disk(): void {
    const { disk } = this.#sources;
    this.#gauge(
      "sluice_disk_free_bytes",
      "Free bytes of the data directory; -1: unknown.",
      () => disk().freeBytes ?? -1,
    );
    this.#gauge("sluice_disk_full", "1 while records are refused with DISK_FULL.", () => Number(disk().isFull));
    this.#gauge("sluice_disk_offline", "1 once the data directory has failed.", () => Number(disk().isOffline));
  }

  #process(): void {
    const { processStatistics } = this.#sources;
    const registers = [this.#registry];
    new Gauge({
      name: "sluice_event_loop_delay_seconds",
      help: "How late the event loop ran since the last reading.",
      labelNames: ["quantile"],
      registers,
      collect() {
        const delay = processStatistics.takeEventLoopDelay();
        this.set({ quantile: "0.5" }, delay.p50Seconds);
        this.set({ quantile: "0.99" }, delay.p99Seconds);
        this.set({ quantile: "1" }, delay.maxSeconds);
      },
    });
    this.#gauge("process_resident_memory_bytes", "Resident memory of the process.", () =>
      processStatistics.residentMemoryBytes(),
    );
    this.#counter("process_cpu_seconds_total", "Processor time of the process.", () => processStatistics.cpuSeconds());
  }

  #counter(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #histogram(name: string, help: string, source: BrokerCounters["append"]): void {
    new PlainHistogram({ name, help, source, registry: this.#registry });
  }
}
