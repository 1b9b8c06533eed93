/**
 * `npm run bench -- soak`: one broker under a steady load for minutes, and what of it grows.
 *
 * The load is half of what the broker carried in a short burst just before: a producer of small records, a group of two that
 * reads them, and a compacted topic. Retention and compaction run all the time, so that files come and go. What counts is
 * whether memory and descriptors stay, not how fast it was.
 */

import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Producer, Sluice } from "@sluice/client";
import { SluiceProcess, sluiceBin } from "./sluice-process.js";
import { benchValue } from "./workload.js";

const soakUsage = "npm run bench -- soak [--minutes N (10)] [--sample-seconds N (10)] [--output table|json]";
const recordBytes = 1024;
const perSend = 64;
const segmentBytes = 16 * 1024 * 1024;

interface Sample {
  readonly seconds: number;
  readonly rssBytes: number;
  readonly descriptors: number;
  readonly eventLoopP99Ms: number;
  readonly produced: number;
  readonly consumed: number;
}

export async function benchSoak(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "10" },
      "sample-seconds": { type: "string", default: "10" },
      output: { type: "string", short: "o", default: "table" },
    },
  });
  const minutes = Number(values.minutes);
  const sampleSeconds = Number(values["sample-seconds"]);
  if (!(minutes > 0 && sampleSeconds > 0)) throw new Error(soakUsage);
  const samples = await soak(minutes, sampleSeconds);
  const verdict = judge(samples);
  console.log(values.output === "json" ? JSON.stringify({ verdict, samples }) : report(verdict, samples));
}

async function soak(minutes: number, sampleSeconds: number): Promise<Sample[]> {
  await using broker = await SluiceProcess.start(process.execPath, [
    ...[sluiceBin, "broker", "--data-directory", "{data}", "--port", "0", "--http-port", "0", "--log-level", "warn"],
    ...["--retention-check-interval-ms", "5000"],
  ]);
  const { host, port, httpPort } = broker.ready as { host: string; port: number; httpPort: number };
  await using client = new Sluice({ brokers: `${host}:${port}` });
  await createTopics(client);
  const counts = { produced: 0, consumed: 0 };
  const producer = client.producer();
  const burst = await produceFor(producer, 5000, Number.POSITIVE_INFINITY, counts);
  const perSecond = burst / 5 / 2;
  console.error(`- burst ${Math.round(burst / 5)} records/s of ${recordBytes} B; the load is half of that`);
  const consumers = await Promise.all([1, 2].map(() => consumeInGroup(client, counts)));
  const samples: Sample[] = [];
  const load = produceFor(producer, minutes * 60_000, perSecond, counts);
  const compacted = produceCompacted(client, minutes * 60_000);
  const beganMs = performance.now();
  while (performance.now() - beganMs < minutes * 60_000 - 500) {
    await sleep(sampleSeconds * 1000);
    samples.push({ seconds: (performance.now() - beganMs) / 1000, ...(await use(httpPort, broker.pid)), ...counts });
  }
  await Promise.all([load, compacted]);
  await Promise.all(consumers.map((consumer) => consumer.close()));
  return samples;
}

async function createTopics(client: Sluice): Promise<void> {
  const segment = { name: "segment.bytes", value: segmentBytes };
  const configEntries = [segment, { name: "retention.bytes", value: 4 * segmentBytes }, { name: "flush", value: "os" }];
  const cleanup = [segment, { name: "cleanup.policy", value: "compact" }, { name: "flush", value: "os" }];
  await client.admin().createTopics({
    topics: [
      { topic: "soak", numPartitions: 6, configEntries },
      { topic: "soak-compacted", numPartitions: 2, configEntries: cleanup },
    ],
  });
}

/** Sends for so long, at most so many records a second; four sends in flight. Resolves with how many were sent. */
async function produceFor(
  producer: Producer,
  forMs: number,
  perSecond: number,
  counts: { produced: number },
): Promise<number> {
  const messages = Array.from({ length: perSend }, () => ({ value: benchValue(recordBytes) }));
  const beganMs = performance.now();
  let sent = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const elapsedMs = performance.now() - beganMs;
      if (elapsedMs >= forMs) return;
      const aheadMs = (sent / perSecond) * 1000 - elapsedMs;
      if (aheadMs > 0) await sleep(aheadMs);
      sent += perSend;
      await producer.send({ topic: "soak", messages });
      counts.produced += perSend;
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  return sent;
}

/** Writes a thousand keys over and over. */
async function produceCompacted(client: Sluice, forMs: number): Promise<void> {
  const producer = client.producer();
  const value = benchValue(4096);
  const beganMs = performance.now();
  for (let round = 0; performance.now() - beganMs < forMs; round++) {
    const messages = Array.from({ length: 50 }, (_, index) => ({ key: `key-${(round * 50 + index) % 1000}`, value }));
    await producer.send({ topic: "soak-compacted", messages });
    await sleep(50);
  }
}

async function consumeInGroup(client: Sluice, counts: { consumed: number }) {
  const consumer = client.consumer({ groupId: "soak", startFrom: "latest" });
  await consumer.subscribe({ topics: ["soak"] });
  await consumer.run({
    eachBatch: ({ batch }) => {
      counts.consumed += batch.messages.length;
    },
  });
  return consumer;
}

async function use(
  httpPort: number,
  pid: number,
): Promise<Pick<Sample, "rssBytes" | "descriptors" | "eventLoopP99Ms">> {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  const value = (start: string): number => {
    const line = text.split("\n").find((each) => each.startsWith(start));
    if (line === undefined) throw new Error(`the broker has no metric ${start}`);
    return Number(line.slice(line.lastIndexOf(" ") + 1));
  };
  return {
    rssBytes: value("process_resident_memory_bytes"),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    eventLoopP99Ms: value('sluice_event_loop_delay_seconds{quantile="0.99"}') * 1000,
  };
}

/** First quarter against last: the first minutes warm up, so that the first tenth does not count. */
function judge(samples: readonly Sample[]) {
  const warm = samples.slice(Math.ceil(samples.length / 10));
  const quarter = Math.max(1, Math.floor(warm.length / 4));
  const mean = (part: readonly Sample[], of: (sample: Sample) => number): number =>
    part.reduce((sum, sample) => sum + of(sample), 0) / part.length;
  const ratio = (of: (sample: Sample) => number): number =>
    mean(warm.slice(-quarter), of) / mean(warm.slice(0, quarter), of);
  const p99 = warm.map(({ eventLoopP99Ms }) => eventLoopP99Ms).sort((left, right) => left - right);
  return {
    rssLastToFirstQuarter: ratio(({ rssBytes }) => rssBytes),
    descriptorsLastToFirstQuarter: ratio(({ descriptors }) => descriptors),
    rssBytesMax: Math.max(...samples.map(({ rssBytes }) => rssBytes)),
    eventLoopP99MsMedian: p99[Math.floor(p99.length / 2)] ?? 0,
    eventLoopP99MsMax: p99.at(-1) ?? 0,
  };
}

function report(verdict: ReturnType<typeof judge>, samples: readonly Sample[]): string {
  const last = samples.at(-1);
  const step = Math.max(1, Math.floor(samples.length / 12));
  const lines = samples
    .filter((_, index) => index % step === 0)
    .map(
      (sample) =>
        `${sample.seconds.toFixed(0).padStart(6)} s  rss ${(sample.rssBytes / 1e6).toFixed(0)} MB  descriptors ${sample.descriptors}` +
        `  event loop p99 ${sample.eventLoopP99Ms.toFixed(1)} ms`,
    );
  return [
    ...lines,
    "",
    `produced ${last?.produced} records, consumed ${last?.consumed}`,
    `memory, last quarter to first: ${verdict.rssLastToFirstQuarter.toFixed(3)} (most ${(verdict.rssBytesMax / 1e6).toFixed(0)} MB)`,
    `descriptors, last quarter to first: ${verdict.descriptorsLastToFirstQuarter.toFixed(3)}`,
    `event loop p99: median ${verdict.eventLoopP99MsMedian.toFixed(1)} ms, worst sample ${verdict.eventLoopP99MsMax.toFixed(1)} ms`,
  ].join("\n");
}
