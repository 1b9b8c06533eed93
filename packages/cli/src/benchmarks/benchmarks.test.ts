import { describe, expect, it } from "vitest";
import { fakeContext } from "../testing/fake-context.js";
import { printBenchResult } from "./bench-report.js";
import { Latencies } from "./latencies.js";
import { runProduceLoad } from "./produce-load.js";
import { withTemporaryTopic } from "./temporary-topic.js";

describe("latencies", () => {
  it("are null where nothing was measured", () => {
    expect(Object.values(new Latencies().summary())).toEqual([null, null, null, null, null, null]);
  });

  it("are exact to three digits", () => {
    const latencies = new Latencies();
    for (let ms = 1; ms <= 1000; ms++) latencies.record(ms);
    const { p50Ms, p99Ms, maxMs } = latencies.summary();
    expect(p50Ms).toBeGreaterThan(498);
    expect(p50Ms).toBeLessThan(502);
    expect(p99Ms).toBeGreaterThan(988);
    expect(maxMs).toBeGreaterThan(999);
  });
});

describe("the load of producers", () => {
  const load = (records: number, signal = new AbortController().signal) => {
    const self = { acknowledged: 0, latencies: new Latencies() };
    const options = {
      topic: "t",
      size: 100,
      records,
      endMs: Number.POSITIVE_INFINITY,
      signal,
      latencies: self.latencies,
      onAcknowledged: (more: number) => {
        self.acknowledged += more;
      },
    };
    return { self, options };
  };

  it.each([undefined, 100_000])("sends so many records and no more, at rate %s", async (rate) => {
    let sent = 0;
    const { self, options } = load(2500);
    const send = async ({ messages }: { readonly messages: readonly unknown[] }) => {
      sent += messages.length;
      return [];
    };
    await runProduceLoad({ send } as never, { ...options, rate });
    expect([sent, self.acknowledged]).toEqual([2500, 2500]);
    expect(self.latencies.count).toBeGreaterThan(0);
  });

  it("ends with what a send failed with", async () => {
    const { options } = load(1_000_000);
    const send = () => Promise.reject(new Error("full"));
    await expect(runProduceLoad({ send } as never, options)).rejects.toThrow("full");
  });

  it("ends when it is stopped", async () => {
    const stop = new AbortController();
    const { self, options } = load(Number.POSITIVE_INFINITY, stop.signal);
    const send = async () => {
      if (self.acknowledged > 1000) stop.abort();
      await new Promise((resolve) => setImmediate(resolve));
      return [];
    };
    await runProduceLoad({ send } as never, options);
    expect(self.acknowledged).toBeGreaterThan(1000);
  });
});

describe("a temporary topic", () => {
  const clientOf = (admin: object) => ({ admin: () => admin }) as never;

  it("is deleted where the work fails", async () => {
    const deleted: string[] = [];
    const client = clientOf({
      createTopics: async () => true,
      deleteTopics: async ({ topics }: { topics: string[] }) => void deleted.push(...topics),
    });
    let made = "";
    const work = withTemporaryTopic(client, { prefix: "p", partitions: 1 }, fakeContext(), async (topic) => {
      made = topic;
      throw new Error("odd");
    });
    await expect(work).rejects.toThrow("odd");
    expect(deleted).toEqual([made]);
  });

  it("is named where it cannot be deleted", async () => {
    const context = fakeContext();
    const client = clientOf({ createTopics: async () => true, deleteTopics: () => Promise.reject(new Error("gone")) });
    await withTemporaryTopic(client, { prefix: "p", partitions: 1 }, context, async () => undefined);
    expect(context.stderr.text).toMatch(/left behind: gone\nRun 'sluice topic delete p-[0-9a-f]+ --yes'/);
  });
});

it("the answer is the same as data and as a table", async () => {
  const result = { bench: "consume", records: 1000, bytes: 100_000, seconds: 0.5 } as const;
  const data = fakeContext();
  await printBenchResult(data, { output: "json", size: 100 }, result);
  expect(JSON.parse(data.stdout.text)).toMatchObject({
    recordsPerSecond: 2000,
    megabytesPerSecond: 0.2,
    latency: null,
  });
  const table = fakeContext();
  await printBenchResult(table, { output: "table", size: 100 }, result);
  expect(table.stdout.text).toBe("RECORDS  SECONDS  RECORDS/S  MB/S\n  1,000     0.50      2,000   0.2\n");
});
