/**
 * A group, the topics that it reads, its producers and the cluster under all of them, and what may happen to them. Everything
 * that is seen of it is kept, for `violationsOf`; whatever rejects that should not is kept in `failures`.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Consumer, Sluice } from "@sluice/client";
import { onTestFinished } from "vitest";
import {
  type GroupMemberOptions,
  joinMember,
  kinds,
  monotonicUs,
  randomFrom,
  type WorkEvent,
} from "./group-member.mjs";
import type { GroupHistory, KnownRecord, SeenCommit } from "./group-oracle.js";
import { until } from "./program.js";
import type { StruckCluster } from "./struck-cluster.js";
import { temporaryDirectory } from "./temporary-directory.js";

const group = "crew";
const pattern = "^job-\\d+$";
const deadLetterTopic = "given-up";
const membersMax = 5;
const topicsMax = 4;
const partitionsMax = 8;
const keysEach = 6;
const sendsUnderWay = 16;
const sessionTimeout = 1500;
const rebalanceTimeout = 2500;

interface Member {
  readonly kind: string;
  /** In a process of its own: it can be killed. */
  readonly child: ChildProcess | undefined;
  /** Resolves when it has left, or was killed. */
  leave(): Promise<void>;
}

export class GroupChaos {
  readonly failures: string[] = [];
  readonly #seed: number;
  readonly #random: (bound: number) => number;
  readonly #cluster: StruckCluster;
  readonly #client: Sluice;
  readonly #work: WorkEvent[] = [];
  readonly #ledger: string;
  readonly #acknowledged: KnownRecord[] = [];
  readonly #commits: SeenCommit[] = [];
  /** Partition counts by topic. */
  readonly #topics = new Map<string, number>();
  readonly #loops: Promise<void>[] = [];
  #members: Member[] = [];
  #memberCount = 0;
  #isOver = false;

  static async start(seed: number, cluster: StruckCluster): Promise<GroupChaos> {
    const chaos = new GroupChaos(seed, cluster, join(await temporaryDirectory(), "ledger"));
    await chaos.#begin();
    return chaos;
  }

  private constructor(seed: number, cluster: StruckCluster, ledger: string) {
    this.#seed = seed;
    this.#random = randomFrom(seed);
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.#client = new Sluice({ brokers: this.brokers });
  }

  get brokers(): string {
    return this.#cluster.brokers;
  }

  /** Something happens. `isToCluster`: to the brokers, whatever the seed says. */
  async disturb(isToCluster: boolean): Promise<void> {
    const actions = [
      () => this.#join(),
      () => this.#join(),
      () => this.#join(),
      () => this.#leave(),
      () => this.#leave(),
      () => this.#killMember(),
      () => this.#killMember(),
      () => this.#createTopic(),
      () => this.#addPartitions(),
    ];
    if (isToCluster || this.#random(20) === 0) {
      // Somebody may want to leave while there is nobody to tell.
      if (this.#random(2) === 0) this.#leave();
      await this.#cluster.strike();
    } else await (actions[this.#random(actions.length)] as () => Promise<void> | void)();
    await sleep(this.#random(700));
  }

  /** Lets everything come to its end. What is left when this resolves is a history. */
  async end(reader: Sluice): Promise<GroupHistory> {
    // Members that commit by hand leave the rest of their work uncommitted.
    const calm = this.#addMember({ kind: "several partitions", isChild: false, slowMs: 0, blockMs: 0 });
    await Promise.all(this.#members.filter((member) => member !== calm).map((member) => this.#remove(member)));
    this.#isOver = true;
    await Promise.all(this.#loops);
    await until(async () => (await this.#isAllCommitted()) || this.failures.length > 0);
    await this.#settles("leaving", calm.leave());
    const history = await this.#history(reader);
    await this.#settles("closing the reader", reader.close());
    await this.#settles("closing the client", this.#client.close());
    const last = this.#addMember({ kind: "by key", isChild: false, slowMs: 0, blockMs: 0 });
    await this.#settles("stopping the cluster", this.#cluster.stop());
    await this.#settles("leaving what is gone", last.leave());
    return history;
  }

  async #begin(): Promise<void> {
    const admin = this.#client.admin();
    await admin.createTopics({ topics: [{ topic: deadLetterTopic, numPartitions: 1 }] });
    await this.#createTopic();
    await this.#createTopic();
    this.#loops.push(this.#produce("a"), this.#produce("b"), this.#observe());
    this.#join();
    this.#join();
  }

  #join(): void {
    if (this.#members.length >= membersMax) return;
    const isChild = this.#random(3) === 0;
    const kind = kinds[this.#random(kinds.length)] as string;
    const slowMs = [0, 0, 300, 2 * rebalanceTimeout][this.#random(4)] as number;
    const blockMs = isChild && this.#random(2) === 0 ? 2 * sessionTimeout : 0;
    this.#addMember({ kind, isChild, slowMs, blockMs });
  }

  #addMember(how: {
    readonly kind: string;
    readonly isChild: boolean;
    readonly slowMs: number;
    readonly blockMs: number;
  }): Member {
    const { kind, isChild, slowMs, blockMs } = how;
    const number = this.#memberCount++;
    const options = {
      name: `${number} ${kind}`,
      kind,
      seed: this.#seed * 1000 + number,
      brokers: this.brokers,
      group,
      pattern,
      deadLetterTopic,
      sessionTimeout,
      rebalanceTimeout,
      slowMs,
      blockMs,
    };
    const member = isChild ? this.#spawnMember(options) : this.#joinHere(options);
    this.#members.push(member);
    return member;
  }

  #joinHere(options: GroupMemberOptions): Member {
    const { ended, leave } = joinMember(options, (event) => this.#work.push(event));
    const watched = ended.catch((error: unknown) => this.#fail(`member ${options.name}`, error));
    return {
      kind: options.kind,
      child: undefined,
      leave: async () => {
        await Promise.all([leave(), watched]);
      },
    };
  }

  #spawnMember(options: GroupMemberOptions): Member {
    const program = join(import.meta.dirname, "group-member.mjs");
    const flags = ["--trace-warnings", "--unhandled-rejections=strict"];
    const all = JSON.stringify({ ...options, ledger: this.#ledger });
    const child = spawn(process.execPath, [...flags, program, all], { stdio: ["ignore", "inherit", "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
    const closed = once(child, "close").then(([code, signal]) => {
      // SIGTERM ends it where it came before the program had begun.
      if ((code !== 0 && signal === null) || complaint !== "")
        this.failures.push(`member ${options.name} ended with ${code ?? signal}: ${complaint}`);
    });
    return {
      kind: options.kind,
      child,
      leave: async () => {
        child.kill("SIGTERM");
        await closed;
      },
    };
  }

  #leave(): void {
    const member = this.#members[this.#random(Math.max(1, this.#members.length))];
    if (member !== undefined) this.#loops.push(this.#remove(member));
  }

  #killMember(): void {
    const children = this.#members.filter(({ child }) => child !== undefined);
    const member = children[this.#random(Math.max(1, children.length))];
    if (member === undefined) return;
    member.child?.kill("SIGKILL");
    this.#loops.push(this.#remove(member));
  }

  async #remove(member: Member): Promise<void> {
    this.#members = this.#members.filter((other) => other !== member);
    await this.#settles(`leaving of a member '${member.kind}'`, member.leave());
  }

  async #createTopic(): Promise<void> {
    if (this.#topics.size >= topicsMax) return;
    const topic = `job-${this.#topics.size}`;
    const numPartitions = 1 + this.#random(4);
    await this.#client.admin().createTopics({ topics: [{ topic, numPartitions }] });
    this.#topics.set(topic, numPartitions);
  }

  async #addPartitions(): Promise<void> {
    const topic = `job-${this.#random(this.#topics.size)}`;
    const count = (this.#topics.get(topic) as number) + 1 + this.#random(2);
    if (count > partitionsMax) return;
    await this.#client.admin().createPartitions({ topicPartitions: [{ topic, count }] });
    this.#topics.set(topic, count);
  }

  /** Sends until all is over. Records of a key are sent in the order of their numbers, many at once. */
  async #produce(name: string): Promise<void> {
    const client = new Sluice({ brokers: this.brokers });
    const producer = client.producer({ deliveryTimeoutMs: 120_000 });
    const random = randomFrom(this.#seed + name.charCodeAt(0));
    const underWay = new Set<Promise<void>>();
    const numbers = new Map<string, number>();
    while (!this.#isOver) {
      const topic = `job-${random(this.#topics.size)}`;
      const key = `${name}${random(keysEach)} in ${topic}`;
      const number = numbers.get(key) ?? 0;
      const count = 1 + random(3);
      numbers.set(key, number + count);
      const messages = Array.from({ length: count }, (_, index) => ({ key, value: `${number + index}` }));
      const sent = producer
        .send({ topic, messages })
        .then((answers) => {
          for (const [index, { partition, offset }] of answers.entries())
            this.#acknowledged.push({ topic, partition, offset: Number(offset), key, number: number + index });
        })
        .catch((error: unknown) => this.#fail(`sending ${key}`, error))
        .finally(() => underWay.delete(sent));
      underWay.add(sent);
      if (underWay.size >= sendsUnderWay) await Promise.race(underWay);
      await sleep(random(12));
    }
    await Promise.all(underWay);
    await this.#settles("closing a producer", client.close());
  }

  async #observe(): Promise<void> {
    const client = new Sluice({ brokers: this.brokers });
    const observer = client.consumer({ groupId: group });
    while (!this.#isOver) {
      await this.#look(observer);
      await sleep(5);
    }
    await this.#settles("closing the observer", client.close());
  }

  async #look(observer: Consumer): Promise<void> {
    const partitions = [...this.#topics].flatMap(([topic, count]) => {
      return Array.from({ length: count }, (_, partition) => ({ topic, partition }));
    });
    try {
      const offsets = await observer.committed(partitions);
      const atUs = monotonicUs();
      for (const { topic, partition, offset } of offsets) this.#commits.push({ topic, partition, offset, atUs });
    } catch (error) {
      this.#fail("looking at what is committed", error);
    }
  }

  async #isAllCommitted(): Promise<boolean> {
    const seen = this.#commits.length;
    const observer = this.#client.consumer({ groupId: group });
    await this.#look(observer);
    await observer.close();
    const committed = new Map(
      this.#commits.slice(seen).map(({ topic, partition, offset }) => [`${topic}-${partition}`, offset]),
    );
    for (const topic of this.#topics.keys())
      for (const { partition, offset } of await this.#client.admin().fetchTopicOffsets(topic))
        if ((committed.get(`${topic}-${partition}`) ?? 0) < Number(offset)) return false;
    return true;
  }

  async #history(reader: Sluice): Promise<GroupHistory> {
    const log: KnownRecord[] = [];
    const consumer = reader.consumer();
    for (const [topic, count] of this.#topics)
      for (let partition = 0; partition < count; partition++)
        for await (const { offset, key, value } of consumer.read({ topic, partition, from: "earliest" }))
          log.push({ topic, partition, offset, key: String(key), number: Number(String(value)) });
    const deadLetters = [];
    for await (const { headers } of consumer.read({ topic: deadLetterTopic, from: "earliest" })) {
      const [topic, partition, offset] = ["topic", "partition", "offset"].map(
        (name) => `${headers[`sluice-dlt-${name}`]}`,
      );
      deadLetters.push({ topic: topic as string, partition: Number(partition), offset: Number(offset) });
    }
    const told = readFileSync(this.#ledger, { encoding: "utf8", flag: "a+" })
      .split("\n")
      .filter((line) => line !== "");
    const work = [...this.#work, ...told.map((line) => JSON.parse(line) as WorkEvent)];
    return { log, acknowledged: this.#acknowledged, work, commits: this.#commits, deadLetters };
  }

  /** What must settle in the end, and well. */
  async #settles(what: string, promise: Promise<unknown>): Promise<void> {
    await promise.catch((error: unknown) => this.#fail(what, error));
  }

  #fail(what: string, error: unknown): void {
    this.failures.push(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
  }
}
