/**
 * What /metrics shows of a broker. Everything is read when it is asked for; nothing here costs a request anything.
 *
 * Each broker has a set of its own, so several of them in one process do not mix; the figures of the process are in each.
 * docs/metrics.md is made from what is declared here.
 */

import type { BrokerCounters, RequestCounters } from "../broker-counters.js";
import type { MethodCounters } from "../method-counters.js";
import type { ProcessStatistics } from "../node-process-statistics.js";
import type { ThrottledMs } from "../quotas/client-quotas.js";
import { type LabelledValues, type MetricDescription, MetricSet } from "./metric-set.js";

/** Partitions that this broker keeps, by what they are at present. */
export interface PartitionFigures {
  readonly led: number;
  readonly offline: number;
  /** A change of their role is being carried out. */
  readonly pending: number;
  readonly parkedFetches: number;
  readonly logSizeBytes: number;
  /** Records that wait for their write. */
  readonly unwrittenRecords: number;
  /** Records that a power loss would take, written or not. */
  readonly unflushedRecords: number;
}

export interface GroupFigures {
  /** Groups that this broker coordinates, by state. */
  readonly byState: ReadonlyMap<string, number>;
  readonly members: number;
  /** Joins, commits and other changes of groups that have no answer yet. */
  readonly pending: number;
}

export interface BrokerMetricsSources {
  readonly counters: BrokerCounters;
  partitions(): PartitionFigures;
  groups(): GroupFigures;
  /** Of the data directory; `freeBytes` is undefined before it was first looked at. */
  disk(): { readonly freeBytes: number | undefined; readonly isFull: boolean; readonly isOffline: boolean };
  /** Produce, Fetch and Subscribe streams that are open. */
  openStreams(): number;
  connections(): { readonly open: number; readonly refused: number };
  throttledMs(): ThrottledMs;
  slowRequests(): number;
  isReady(): boolean;
  readonly processStatistics: ProcessStatistics;
}

export class BrokerMetrics {
  readonly contentType: string;
  readonly #set = new MetricSet();
  readonly #sources: BrokerMetricsSources;

  constructor(sources: BrokerMetricsSources) {
    this.#sources = sources;
    this.contentType = this.#set.contentType;
    this.#set.gauge("sluice_ready", "1 while /readyz says ready.", () => Number(sources.isReady()));
    this.#requests("produce", sources.counters.produce);
    this.#requests("fetch", sources.counters.fetch);
    this.#stages();
    this.#queues();
    this.#topics();
    this.#calls();
    this.#connections();
    this.#partitions();
    this.#groups();
    this.#disk();
    this.#process();
  }

  /** The exposition text of Prometheus. */
  text(): Promise<string> {
    return this.#set.text();
  }

  /** What each metric is. */
  get descriptions(): readonly MetricDescription[] {
    return this.#set.descriptions;
  }

  #requests(request: string, counters: RequestCounters): void {
    const set = this.#set;
    const name = `sluice_${request}`;
    set.counter(`${name}_requests_total`, `Requests to ${request}.`, () => counters.requests);
    set.counter(`${name}_bytes_total`, `Record batch bytes of ${request} requests.`, () => counters.bytes);
    const help = `From the arrival of a ${request} to its answer, with the waits that its client asked for.`;
    set.histogram(`${name}_duration_seconds`, help, counters.latency);
    set.labelledCounter(
      `${name}_errors_total`,
      `Requests to ${request} that were refused, by code.`,
      ["code"],
      function* () {
        for (const [code, count] of counters.errors) yield [[code], count];
      },
    );
  }

  #stages(): void {
    const set = this.#set;
    const { counters } = this.#sources;
    set.counter("sluice_produce_records_total", "Records in accepted batches.", () => counters.recordsProduced);
    set.histogram(
      "sluice_produce_check_duration_seconds",
      "Stage of a produce: from its arrival to its being handed to its partition, decoded and checked.",
      counters.produceCheck,
    );
    set.histogram(
      "sluice_produce_append_duration_seconds",
      "Stage of a produce: from its partition to its answer, with the wait in the append queue, the write, and the flush where flush=always.",
      counters.produceAppend,
    );
    set.histogram(
      "sluice_append_duration_seconds",
      "From placing a batch in a log to its having been written, and flushed where flush=always; a sample.",
      counters.append,
    );
    set.histogram(
      "sluice_fetch_read_duration_seconds",
      "Stage of a fetch: from having something to read, and room for it, to its answer.",
      counters.fetchRead,
    );
    const { slowRequests } = this.#sources;
    set.counter("sluice_slow_requests_total", "Requests that took longer than slowRequestMs.", slowRequests);
  }

  #queues(): void {
    const set = this.#set;
    const { counters, partitions } = this.#sources;
    const inFlight = "Queue: produce requests that have no answer yet";
    set.gauge("sluice_produce_in_flight_requests", `${inFlight}.`, () => counters.produceRequestsInFlight);
    set.gauge("sluice_produce_in_flight_bytes", `${inFlight}, their batch bytes.`, () => counters.produceBytesInFlight);
    set.gauge("sluice_parked_fetches", "Queue: fetches that wait for records.", () => partitions().parkedFetches);
    set.gauge(
      "sluice_held_fetches",
      "Queue: fetches that wait until their client has taken earlier answers.",
      () => counters.fetchesHeld,
    );
    set.gauge(
      "sluice_unwritten_records",
      "Queue: records in the append queues of partitions, which wait for their write.",
      () => partitions().unwrittenRecords,
    );
    set.gauge(
      "sluice_unflushed_records",
      "Records that are not flushed yet: those that a power loss would take.",
      () => partitions().unflushedRecords,
    );
    set.gauge("sluice_disk_writes", "Queue: writes of files under way.", () => counters.disk.writesInProgress);
    set.gauge("sluice_disk_flushes", "Queue: flushes of files under way.", () => counters.disk.flushesInProgress);
  }

  #topics(): void {
    const { topics } = this.#sources.counters;
    const help = "the first 200 topics by name, the others together as (other).";
    const values = function* (key: "recordsIn" | "bytesIn" | "bytesOut"): LabelledValues {
      for (const [topic, traffic] of topics.entries()) yield [[topic], traffic[key]];
    };
    const topic = ["topic"];
    const set = this.#set;
    set.labelledCounter("sluice_topic_in_records_total", `Records produced, by topic: ${help}`, topic, () =>
      values("recordsIn"),
    );
    set.labelledCounter("sluice_topic_in_bytes_total", `Batch bytes produced, by topic: ${help}`, topic, () =>
      values("bytesIn"),
    );
    set.labelledCounter("sluice_topic_out_bytes_total", `Batch bytes fetched, by topic: ${help}`, topic, () =>
      values("bytesOut"),
    );
  }

  #calls(): void {
    const set = this.#set;
    const { calls } = this.#sources.counters;
    set.labelledCounter("sluice_calls_total", "Calls that were answered, by method and code.", ["method", "code"], () =>
      countsByCode(calls.calls, "OK"),
    );
    set.histogram("sluice_call_duration_seconds", "From the arrival of a call to its answer.", calls.latency);
    set.labelledCounter("sluice_streams_total", "Streams that were opened, by method.", ["method"], function* () {
      for (const { name, count } of calls.streams) yield [[name], count];
    });
    set.labelledCounter(
      "sluice_stream_errors_total",
      "Streams that an error ended, by method and code. CANCELLED: the client went away.",
      ["method", "code"],
      () => countsByCode(calls.streams, undefined),
    );
    set.gauge("sluice_open_streams", "Produce, Fetch and Subscribe streams that are open.", this.#sources.openStreams);
  }

  #connections(): void {
    const set = this.#set;
    const { connections, throttledMs } = this.#sources;
    set.gauge("sluice_open_connections", "Connections of the gRPC listener.", () => connections().open);
    set.counter(
      "sluice_refused_connections_total",
      "Connections closed at once because there were connectionsMax already.",
      () => connections().refused,
    );
    const help = "Time that clients were made to wait for being over a quota: produce, fetch or request.";
    set.labelledCounter("sluice_throttled_seconds_total", help, ["quota"], () =>
      Object.entries(throttledMs()).map(([quota, ms]) => [[quota], Number(ms) / 1000]),
    );
  }

  #partitions(): void {
    const set = this.#set;
    const { partitions } = this.#sources;
    set.labelledGauge(
      "sluice_partitions",
      "Partitions of this broker, by state: led, pending (a role is being taken), offline (out of service here).",
      ["state"],
      () => {
        const { led, pending, offline } = partitions();
        return Object.entries({ led, pending, offline }).map(([state, count]) => [[state], count]);
      },
    );
    set.gauge("sluice_led_partitions", "Partitions that this broker leads.", () => partitions().led);
    set.gauge("sluice_offline_partitions", "Partitions out of service here.", () => partitions().offline);
    set.gauge("sluice_log_size_bytes", "Bytes in the segments of open logs.", () => partitions().logSizeBytes);
  }

  #groups(): void {
    const { groups } = this.#sources;
    const help = "Consumer groups that this broker coordinates, by state.";
    this.#set.labelledGauge("sluice_groups", help, ["state"], function* () {
      for (const [state, count] of groups().byState) yield [[state], count];
    });
    this.#set.gauge("sluice_group_members", "Members of those groups.", () => groups().members);
    this.#set.gauge(
      "sluice_group_pending_requests",
      "Queue: joins, commits and other changes of groups that have no answer yet.",
      () => groups().pending,
    );
  }

  #disk(): void {
    const set = this.#set;
    const { disk } = this.#sources;
    const counters = this.#sources.counters.disk;
    set.gauge("sluice_disk_free_bytes", "Free bytes of the data directory; -1: unknown.", () => disk().freeBytes ?? -1);
    set.gauge("sluice_disk_full", "1 while records are refused with DISK_FULL.", () => Number(disk().isFull));
    set.gauge("sluice_disk_offline", "1 once the data directory has failed.", () => Number(disk().isOffline));
    set.counter("sluice_disk_written_bytes_total", "Bytes written to files.", () => counters.bytesWritten);
    set.histogram("sluice_disk_write_duration_seconds", "One write of a file.", counters.write);
    set.histogram("sluice_disk_flush_duration_seconds", "One flush (fdatasync) of a file.", counters.flush);
    const help = "Reads, writes and flushes of files that failed; also those that were done again with success.";
    set.labelledCounter("sluice_disk_errors_total", help, ["operation"], () => [
      [["read"], counters.readErrors],
      [["write"], counters.writeErrors],
      [["flush"], counters.flushErrors],
    ]);
  }

  #process(): void {
    const set = this.#set;
    const { processStatistics } = this.#sources;
    set.labelledGauge(
      "sluice_event_loop_delay_seconds",
      "How late the event loop ran since the last reading.",
      ["quantile"],
      () => {
        const delay = processStatistics.takeEventLoopDelay();
        return [
          [["0.5"], delay.p50Seconds],
          [["0.99"], delay.p99Seconds],
          [["1"], delay.maxSeconds],
        ];
      },
    );
    set.gauge("process_resident_memory_bytes", "Resident memory of the process.", () =>
      processStatistics.residentMemoryBytes(),
    );
    set.gauge("process_heap_bytes", "JavaScript heap in use.", () => processStatistics.heapBytes());
    set.gauge("process_external_memory_bytes", "Memory of buffers outside the heap.", () =>
      processStatistics.externalMemoryBytes(),
    );
    set.gauge("process_open_fds", "Open file descriptors; -1: not known on this system.", () =>
      processStatistics.openFileDescriptors(),
    );
    set.counter("process_cpu_seconds_total", "Processor time of the process.", () => processStatistics.cpuSeconds());
  }
}

/** @param okCode label of what ended without an error; undefined: not counted */
function* countsByCode(methods: readonly MethodCounters[], okCode: string | undefined): LabelledValues {
  for (const { name, count, errors } of methods) {
    let ok = count;
    for (const [code, errorCount] of errors) {
      ok -= errorCount;
      yield [[name, code], errorCount];
    }
    if (okCode !== undefined) yield [[name, okCode], ok];
  }
}
