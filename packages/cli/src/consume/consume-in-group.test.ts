import type { Message } from "@sluice/client";
import { expect, it } from "vitest";
import { GroupReading } from "./consume-in-group.js";

const topic = "t";

/** A consumer that gives these records out, but for those of partitions that are paused; each reading begins behind what was processed. */
class FakeConsumer {
  readonly paused = new Set<number>();
  readonly committed = async () => [];
  readonly stop = async () => undefined;
  readonly #records: { readonly partition: number; readonly offset: number }[];

  constructor(records: readonly { readonly partition: number; readonly offset: number }[]) {
    this.#records = [...records];
  }

  pause(topics: readonly { readonly partitions?: readonly number[] }[] = []): void {
    for (const { partitions = [] } of topics) for (const partition of partitions) this.paused.add(partition);
  }

  /** Records that are not processed. */
  get left(): readonly { readonly partition: number; readonly offset: number }[] {
    return this.#records;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message> {
    for (;;) {
      const at = this.#records.findIndex(({ partition }) => !this.paused.has(partition));
      const record = this.#records[at];
      if (record === undefined) return;
      const take = async (): Promise<void> => void this.#records.splice(this.#records.indexOf(record), 1);
      yield { topic, ...record, commit: take } as unknown as Message;
      if (this.#records.includes(record)) await take();
    }
  }
}

function printer() {
  const self = {
    printed: [] as string[],
    get count() {
      return self.printed.length;
    },
    print: ({ partition, offset }: Message): undefined => void self.printed.push(`${partition}@${offset}`),
    flush: async () => undefined,
  };
  return self;
}

function reading(consumer: FakeConsumer, ends: Readonly<Record<number, number>>, count?: number) {
  const output = { printer: printer(), signal: new AbortController().signal };
  const places = Object.entries(ends).map(([partition, offset]) => ({ topic, partition: Number(partition), offset }));
  const map = new Map(places.map((place) => [`${topic} ${place.partition}`, place]));
  return { output, run: new GroupReading(consumer, { count, ends: map, open: new Set(map.keys()) }, output).run() };
}

it("prints no record at or past the end of its partition, and leaves it unprocessed", async () => {
  const consumer = new FakeConsumer([
    { partition: 0, offset: 5 },
    { partition: 1, offset: 0 },
    { partition: 1, offset: 1 },
    { partition: 1, offset: 2 },
  ]);
  const { output, run } = reading(consumer, { 0: 3, 1: 2 });
  await run;
  expect(output.printer.printed).toEqual(["1@0", "1@1"]);
  expect(consumer.left).toEqual([
    { partition: 0, offset: 5 },
    { partition: 1, offset: 2 },
  ]);
});

it("leaves a partition alone that was not there when it began", async () => {
  const consumer = new FakeConsumer([
    { partition: 9, offset: 0 },
    { partition: 0, offset: 0 },
  ]);
  const { output, run } = reading(consumer, { 0: 1 });
  await run;
  expect(output.printer.printed).toEqual(["0@0"]);
  expect(consumer.left).toEqual([{ partition: 9, offset: 0 }]);
});

it("ends after so many", async () => {
  const consumer = new FakeConsumer([0, 1, 2].map((offset) => ({ partition: 0, offset })));
  const { output, run } = reading(consumer, { 0: 3 }, 2);
  await run;
  expect(output.printer.printed).toEqual(["0@0", "0@1"]);
  expect(consumer.left).toEqual([{ partition: 0, offset: 2 }]);
});
