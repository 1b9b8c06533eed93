/**
 * A load on a cluster that is being broken, and the check of what came of it.
 *
 * One idempotent producer with acks=all keeps a few sends under way for each partition; members of one group read along, and commit
 * all the time. At the end: every acknowledged record is in the log at its offset, once, in order, on every replica the same
 * bytes; every record was processed and committed by the group; no commit went back, as asked all the time; no error reached the
 * application; all brokers agree with etcd, and nothing is out of sync.
 */

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Consumer, Sluice } from "@sluice/client";
import { expect } from "vitest";
import type { ProcessCluster } from "./process-cluster.js";
import { until } from "./program.js";

export interface CheckedLoadOptions {
  readonly topic: string;
  readonly partitions: number;
  /** Members of the group. Default 0: nobody reads along. */
  readonly members?: number;
  readonly configEntries?: readonly { readonly name: string; readonly value: string }[];
  /** Added to each value, all the same. Default 0. */
  readonly paddingBytes?: number;
}

/** Between two questions for the group's committed offsets, in milliseconds; and between two commits of a member. */
const commitSampleMs = 50;
const commitIntervalMs = 100;
/** Of each partition. */
const sendsUnderWay = 3;

interface Acknowledged {
  readonly partition: number;
  readonly value: string;
  readonly offset: number;
  /** Monotonic. */
  readonly atMs: number;
}

export class CheckedLoad {
  readonly #cluster: ProcessCluster;
  readonly #client: Sluice;
  readonly #options: CheckedLoadOptions;
  readonly #acknowledged: Acknowledged[] = [];
  readonly #errors: unknown[] = [];
  readonly #processed = new Set<string>();
  readonly #consumers: Consumer[] = [];
  readonly #padding: string;
  readonly #sent: string[][];
  /** By partition, what the group had committed when it was asked last; -1: nothing yet. */
  readonly #committed: number[];
  /** How often it had committed more than when it was asked before. */
  #commitCount = 0;
  #running: Promise<void>[] = [];
  #isOver = false;
  #intervalMs = 0;

  private constructor(cluster: ProcessCluster, options: CheckedLoadOptions) {
    this.#cluster = cluster;
    this.#client = cluster.client();
    this.#options = options;
    this.#padding = "-".repeat(options.paddingBytes ?? 0);
    this.#sent = Array.from({ length: options.partitions }, () => []);
    this.#committed = this.#sent.map(() => -1);
  }

  /** Creates the topic with a replication factor of 3, and begins. */
  static async start(cluster: ProcessCluster, options: CheckedLoadOptions): Promise<CheckedLoad> {
    const load = new CheckedLoad(cluster, options);
    await load.#start();
    return load;
  }

  /** Of the members that read along. */
  get group(): string {
    return `${this.#options.topic}-readers`;
  }

  get topic(): string {
    return this.#options.topic;
  }

  get client(): Sluice {
    return this.#client;
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.length;
  }

  /** How often the group was seen to have committed more. */
  get commitCount(): number {
    return this.#commitCount;
  }

  /** What the application was told of failures, so far. */
  get errors(): readonly unknown[] {
    return this.#errors;
  }

  /** From now on each partition waits so many milliseconds before each send. */
  slowDown(intervalMs: number): void {
    this.#intervalMs = intervalMs;
  }

  /** Waits until every partition has acknowledged so many records more. */
  async more(records: number): Promise<void> {
    const counts = this.#countByPartition().map((count) => count + records);
    await until(
      () => this.#errors.length > 0 || this.#countByPartition().every((count, at) => count >= (counts[at] ?? 0)),
    );
    expect(this.#errors).toEqual([]);
  }

  /** Waits until all replicas are in sync. */
  inSync(): Promise<void> {
    return this.#cluster.inSync(this.#client, this.#options.topic);
  }

  /** The longest time after `sinceMs` in which that partition acknowledged nothing, in milliseconds. */
  longestPauseMs(partition: number, sinceMs: number): number {
    const times = this.#acknowledged.filter((one) => one.partition === partition).map(({ atMs }) => atMs);
    let longest = 0;
    for (let at = 1; at < times.length; at += 1) {
      const [from, to] = [times[at - 1] as number, times[at] as number];
      if (to > sinceMs) longest = Math.max(longest, to - from);
    }
    return longest;
  }

  /** Ends the load and checks all of it. The brokers are stopped for it, in order. */
  async finish(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    expect(this.#errors).toEqual([]);
    await this.inSync();
    await this.#checkLog();
    await this.#checkGroup();
    await this.#cluster.healed();
    await this.#client.close();
    // One after the other: each hands over what it leads, so that the last one has everything too.
    for (const broker of this.#cluster.brokers) expect(await broker.process.stop()).toBe(0);
    await this.#checkReplicas();
  }

  async #start(): Promise<void> {
    const { topic, partitions, members = 0, configEntries = [] } = this.#options;
    const entries = [{ name: "min.insync.replicas", value: "2" }, ...configEntries];
    await this.#client.admin().createTopics({
      topics: [{ topic, numPartitions: partitions, replicationFactor: 3, configEntries: entries }],
    });
    await this.#cluster.inSync(this.#client, topic);
    for (let member = 0; member < members; member += 1) await this.#startMember();
    const producer = this.#client.producer({ deliveryTimeoutMs: 120_000 });
    const tasks = this.#sent.map((_, partition) => this.#lane(producer, partition));
    if (members > 0) tasks.push(this.#watchCommits());
    this.#running = tasks.map((task) => task.catch((error: unknown) => void this.#errors.push(error)));
  }

  /** Asks for what the group has committed as long as the load goes on. */
  async #watchCommits(): Promise<void> {
    while (!this.#isOver) {
      await this.#sampleCommits();
      await setTimeout(commitSampleMs);
    }
  }

  async #sampleCommits(): Promise<void> {
    const [topic] = await this.#client.admin().fetchOffsets({ groupId: this.group });
    for (const { partition, offset } of topic?.partitions ?? []) {
      const before = this.#committed[partition] as number;
      expect(Number(offset), `committed in partition ${partition}`).toBeGreaterThanOrEqual(before);
      this.#committed[partition] = Number(offset);
      if (Number(offset) > before) this.#commitCount += 1;
    }
  }

  async #lane(producer: ReturnType<Sluice["producer"]>, partition: number): Promise<void> {
    const { topic } = this.#options;
    const sent = this.#sent[partition] as string[];
    const send = async (value: string): Promise<void> => {
      const [metadata] = await producer.send({ topic, messages: [{ value: value + this.#padding, partition }] });
      const { offset } = metadata as { offset: number };
      this.#acknowledged.push({ partition, value, offset: Number(offset), atMs: performance.now() });
    };
    const underWay = new Set<Promise<void>>();
    while (!this.#isOver && this.#errors.length === 0) {
      if (this.#intervalMs > 0) await setTimeout(this.#intervalMs);
      const value = `${partition}-${sent.length}`;
      sent.push(value);
      const sending = send(value).finally(() => underWay.delete(sending));
      underWay.add(sending);
      if (underWay.size >= sendsUnderWay) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  }

  async #startMember(): Promise<void> {
    const consumer = this.#client.consumer({ groupId: this.group });
    consumer.on(consumer.events.CRASH, (crash) => this.#errors.push(crash.payload.error));
    await consumer.subscribe({ topics: [this.#options.topic], fromBeginning: true });
    const running = await consumer.run({
      autoCommitInterval: commitIntervalMs,
      eachMessage: async ({ message }) => {
        this.#processed.add(this.#withoutPadding(message.value));
      },
    });
    running.finished.catch((error: unknown) => void this.#errors.push(error));
    this.#consumers.push(consumer);
  }

  /** What is in the log is what was sent, in order and once, and what was acknowledged is where it was said to be. */
  async #checkLog(): Promise<void> {
    const { topic, partitions } = this.#options;
    const consumer = this.#client.consumer();
    for (let partition = 0; partition < partitions; partition += 1) {
      const log: string[] = [];
      for await (const message of consumer.read({ topic, partition, from: "earliest" }))
        log.push(this.#withoutPadding(message.value));
      expect(log).toEqual(this.#sent[partition]);
      for (const one of this.#acknowledged) if (one.partition === partition) expect(log[one.offset]).toBe(one.value);
    }
  }

  #withoutPadding(value: Buffer | null): string {
    const text = String(value);
    expect(text.endsWith(this.#padding)).toBe(true);
    return text.slice(0, text.length - this.#padding.length);
  }

  async #checkGroup(): Promise<void> {
    if (this.#consumers.length === 0) return;
    // What is committed was processed: a record that was left out is not waited for.
    await until(async () => {
      await this.#sampleCommits();
      return this.#errors.length > 0 || this.#sent.every(({ length }, at) => (this.#committed[at] as number) >= length);
    });
    for (const consumer of this.#consumers) await consumer.stop();
    await this.#sampleCommits();
    expect(this.#errors).toEqual([]);
    expect([...this.#processed].sort()).toEqual(this.#sent.flat().sort());
    expect(this.#committed).toEqual(this.#sent.map(({ length }) => length));
  }

  /** The logs of all replicas are the same, byte for byte. */
  async #checkReplicas(): Promise<void> {
    const digests = await Promise.all(
      this.#cluster.brokers.map((broker) => this.#digests(broker.id, broker.dataDirectory)),
    );
    const [first = new Map()] = digests;
    expect(first.size).toBe(this.#options.partitions);
    for (const digest of digests) expect(digest).toEqual(first);
  }

  /** By partition directory of the topic, the digest of its records. */
  async #digests(id: number, dataDirectory: string): Promise<Map<string, string>> {
    const root = join(dataDirectory, `broker-${id}`);
    const digests = new Map<string, string>();
    for (const name of (await readdir(root)).sort()) {
      const metadata = await readFile(join(root, name, "partition.metadata"), "utf8").catch(() => "");
      if (!metadata.split("\n").some((line) => line.includes(this.#options.topic))) continue;
      const hash = createHash("sha256");
      const logs = (await readdir(join(root, name))).filter((file) => file.endsWith(".log")).sort();
      for (const log of logs) hash.update(await readFile(join(root, name, log)));
      digests.set(name, hash.digest("hex"));
    }
    return digests;
  }

  #countByPartition(): number[] {
    const counts = new Array<number>(this.#options.partitions).fill(0);
    for (const { partition } of this.#acknowledged) counts[partition] = (counts[partition] ?? 0) + 1;
    return counts;
  }
}
