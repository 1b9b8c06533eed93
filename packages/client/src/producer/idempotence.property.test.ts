/**
 * Idempotent producers against a cluster that does everything wrong that a cluster may: it loses answers, loses requests, has
 * them come late, refuses them for now and for good, says that it does not know, moves leaders and drops connections.
 *
 * Whatever comes of it, by seed: a message that is acknowledged is in the log exactly once, where its metadata says; one that
 * failed is in the log at most once, and not at all unless its error says so; and what is in the log of one producer and
 * partition is in the order of the sends.
 */

import { isSluiceError, SluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { prepareCompression, recordsIn } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { type ArrivedProduce, FakeCluster } from "../testing/fake-cluster.js";
import { settled, testClient } from "../testing/test-client.js";
import type { RecordMetadata, SendError, SendResult } from "./pending-send.js";
import type { Producer } from "./producer.js";

const partitions = 2;
const brokers = 3;
const steps = 60;
const runs = 60;

interface Sent {
  readonly text: string;
  readonly producer: number;
  readonly partition: number;
  result: SendResult | undefined;
}

const unknown = () => new SluiceError("INDETERMINATE", { operation: "Producing", reason: "the adversary says so" });
const tooLarge = () => new SluiceError("RECORD_BATCH_TOO_LARGE", { sizeBytes: 2, sizeBytesMax: 1, where: "t" });
const notEnough = () => new SluiceError("NOT_ENOUGH_REPLICAS", { topic: "t", partition: 0, inSync: 1, inSyncMin: 2 });

class Adversary {
  readonly cluster = new FakeCluster({ brokers });
  readonly counts: Record<string, number> = {};
  readonly #late: ArrivedProduce[] = [];
  /** What becomes of a request, and of how many in a hundred. */
  readonly #faults: readonly (readonly [what: string, weight: number, act: (arrived: ArrivedProduce) => void])[] = [
    ["answered", 55, (arrived) => arrived.answer()],
    ["late", 8, (arrived) => void this.#late.push(arrived)],
    ["answer lost", 8, (arrived) => this.#append(arrived)],
    ["request lost", 4, () => undefined],
    ["cut before", 4, (arrived) => this.#cut(arrived.brokerId)],
    ["cut after", 4, (arrived) => this.#append(arrived, () => this.#cut(arrived.brokerId))],
    ["unknown, written", 4, (arrived) => this.#append(arrived, () => arrived.answer(unknown()))],
    ["unknown", 4, (arrived) => arrived.answer(unknown())],
    ["refused for good", 3, (arrived) => arrived.answer(tooLarge())],
    ["refused", 6, (arrived) => arrived.answer(notEnough())],
  ];
  readonly #below: (bound: number) => number;
  isCalm = false;

  constructor(below: (bound: number) => number) {
    this.#below = below;
    this.cluster.createTopic("t", partitions);
    this.cluster.onProduce = (arrived) => this.#arrived(arrived);
    this.cluster.onInitProducerId = () =>
      !this.isCalm && this.#below(3) === 0 ? new SluiceError("BROKER_STOPPING", { broker: 1 }) : undefined;
  }

  /** Something happens that no request asked for. */
  disturb(): void {
    if (this.#below(12) === 0) this.cluster.moveLeader("t", this.#below(partitions), this.#leader());
    if (this.#below(15) === 0) this.cluster.transport.cut(this.cluster.address(1 + this.#below(brokers)));
    while (this.#late.length > 0 && this.#below(3) === 0)
      this.#late.splice(this.#below(this.#late.length), 1)[0]?.answer();
  }

  /** From now on everything works, and what was held back comes at last. */
  calm(): void {
    this.isCalm = true;
    for (let partition = 0; partition < partitions; partition++) this.cluster.moveLeader("t", partition, 1);
    for (const arrived of this.#late.splice(0)) arrived.answer();
  }

  #leader(): number | undefined {
    return this.#below(6) === 0 ? undefined : 1 + this.#below(brokers);
  }

  #arrived(arrived: ArrivedProduce): void {
    if (this.isCalm) {
      arrived.answer();
      return;
    }
    let chance = this.#below(100);
    for (const [what, weight, act] of this.#faults) {
      chance -= weight;
      if (chance >= 0) continue;
      this.counts[what] = (this.counts[what] ?? 0) + 1;
      act(arrived);
      return;
    }
  }

  /** As the leader does it, if the broker is the leader. */
  #append({ brokerId, request }: ArrivedProduce, next?: () => void): void {
    const { leaderId } = this.cluster.partition(request.topic, request.partition);
    if (leaderId === brokerId) this.cluster.produce(request.topic, request.partition, request.records);
    next?.();
  }

  #cut(brokerId: number): void {
    this.cluster.transport.cut(this.cluster.address(brokerId));
  }
}

async function run(seed: number): Promise<{ readonly adversary: Adversary; readonly sent: Sent[] }> {
  const random = new SeededRandom(seed);
  const below = (bound: number): number => random.uint32() % bound;
  const adversary = new Adversary(below);
  const clock = new VirtualClock();
  const retry = { initialRetryTime: 5, maxRetryTime: 50 };
  const clients = [0, 1].map(() => testClient(adversary.cluster, { clock, requestTimeoutMs: 300, retry }));
  const compression = below(4) === 0 ? "gzip" : "none";
  const producers = clients.map((client) =>
    client.producer({ deliveryTimeoutMs: 200 + below(1500), maxInFlight: 1 + below(5), batchBytes: 40, compression }),
  );
  const sent: Sent[] = [];
  for (let step = 0; step < steps; step++) {
    for (let send = below(3); send > 0; send--) {
      const producer = below(producers.length);
      sendSome(sent, {
        producer,
        target: producers[producer] as Producer,
        partition: below(partitions),
        count: 1 + below(4),
      });
    }
    adversary.disturb();
    await settled();
    clock.advance(1 + below(60));
  }
  adversary.calm();
  for (let turn = 0; turn < 1000 && sent.some(({ result }) => result === undefined); turn++) {
    await settled();
    clock.advance(10);
  }
  await Promise.all(clients.map((client) => client.close()));
  expect(clock.timerCount).toBe(0);
  return { adversary, sent };
}

function sendSome(
  sent: Sent[],
  options: { readonly producer: number; readonly target: Producer; readonly partition: number; readonly count: number },
): void {
  const { producer, target, partition, count } = options;
  const own = Array.from({ length: count }, (_, index): Sent => {
    return { text: `${producer}-${sent.length + index}`, producer, partition, result: undefined };
  });
  sent.push(...own);
  const messages = own.map(({ text }) => ({ value: text, partition }));
  const settle = (results: readonly SendResult[]): void => {
    own.forEach((one, index) => {
      one.result = results[index];
    });
  };
  target.send({ topic: "t", messages }).then(
    (metadata: RecordMetadata[]) => settle(metadata.map((value) => ({ status: "fulfilled", value }))),
    (error: SendError) => settle(error.results),
  );
}

function check(adversary: Adversary, sent: readonly Sent[]): void {
  const logs = Array.from({ length: partitions }, (_, partition) =>
    adversary.cluster
      .partition("t", partition)
      .batches.flatMap((batch) =>
        [...recordsIn(batch)].map((record) => ({ offset: record.offset, text: String(record.value) })),
      ),
  );
  const order = new Map(sent.map(({ text }, index) => [text, index]));
  for (const log of logs) {
    expect(new Set(log.map(({ text }) => text)).size, "nothing is twice in a log").toBe(log.length);
    for (const producer of [0, 1]) {
      const places = log
        .filter(({ text }) => text.startsWith(`${producer}-`))
        .map(({ text }) => order.get(text) as number);
      expect(places, "in the order of the sends").toEqual([...places].sort((left, right) => left - right));
    }
  }
  for (const { text, partition, result } of sent) {
    const found = (logs[partition] ?? []).filter((record) => record.text === text);
    if (result?.status === "fulfilled")
      expect(found, `acknowledged ${text}`).toEqual([{ offset: result.value.offset, text }]);
    else {
      expect(result, `outcome of ${text}`).toBeDefined();
      const isMaybe = isSluiceError(result?.reason, "INDETERMINATE");
      if (!isMaybe) expect(found, `${text} failed with ${result?.reason.code}`).toEqual([]);
    }
  }
}

describe("an idempotent producer on a cluster that does everything wrong", () => {
  it(`keeps its promises over ${runs} seeds`, async () => {
    const outcomes: Record<string, number> = {};
    const faults: Record<string, number> = {};
    await prepareCompression(); // It reads files, for which no virtual clock waits.
    for (let seed = 1; seed <= runs; seed++) {
      const { adversary, sent } = await run(seed);
      try {
        check(adversary, sent);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
      for (const { result } of sent) {
        const outcome =
          result?.status === "rejected" ? result.reason.code : result?.value.duplicate ? "duplicate" : "once";
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
      for (const [what, count] of Object.entries(adversary.counts)) faults[what] = (faults[what] ?? 0) + count;
    }
    // Otherwise the adversary is too tame, or so wild that nothing gets through.
    for (const outcome of ["once", "duplicate", "INDETERMINATE", "DELIVERY_TIMED_OUT", "RECORD_BATCH_TOO_LARGE"])
      expect(outcomes[outcome], `${outcome} of ${JSON.stringify(outcomes)}`).toBeGreaterThan(0);
    expect(Object.keys(faults)).toHaveLength(10);
    expect(outcomes.once).toBeGreaterThan((outcomes.INDETERMINATE ?? 0) * 2);
  });
});
