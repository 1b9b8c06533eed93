/**
 * A member of a group under test, and what it tells of its work: each message when it begins with it, when it is done with it
 * and when it is given up to the dead-letter topic. All is told before the consumer can know of it, so whoever reads what was
 * told knows at least what may be committed.
 *
 * As a program (argument: JSON of the options, with `ledger`, a file to tell to) it is a member in a process of its own, which
 * leaves on SIGTERM. Times are those of the monotonic clock of the machine: those of several processes can be compared.
 */

import { openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Sluice } from "@sluice/client";

export const kinds = [
  "in order",
  "several partitions",
  "by key",
  "batches resolved",
  "batches unresolved",
  "batches failing",
  "for await",
  "for await batches",
  "for await, manual",
  "in order, manual",
  "failing",
  "failing by key",
  "pausing",
];

const onError = { backoff: { initialRetryTime: 1, maxRetryTime: 30 } };
const commitCodes = new Set(["PARTITION_NOT_OWNED", "UNKNOWN_MEMBER", "STALE_GENERATION", "CLOSED", "CANCELLED"]);

/** Microseconds. */
export function monotonicUs() {
  return Number(process.hrtime.bigint() / 1000n);
}

/** A generator of whole numbers from 0 to `bound` - 1 (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) % bound;
  };
}

class Member {
  #options;
  #tell;
  #random;
  #consumer;
  #client;
  #count = 0;

  constructor(options, tell) {
    this.#options = options;
    this.#tell = tell;
    this.#random = randomFrom(options.seed);
    this.#client = new Sluice({ brokers: options.brokers });
    const { sessionTimeout, rebalanceTimeout } = options;
    this.#consumer = this.#client.consumer({
      groupId: options.group,
      startFrom: "earliest",
      autoCommitInterval: 50,
      autoCommitThreshold: 30,
      metadataMaxAge: 300,
      maxWaitTimeInMs: 300,
      maxBytesPerPartition: 2000,
      sessionTimeout,
      rebalanceTimeout,
      autoCommit: !options.kind.endsWith("manual"),
    });
    this.#consumer.on("consumer.dead_letter", ({ payload }) => this.#say("dead", payload));
  }

  /** Resolves when the member has left. @throws what ended it */
  async live() {
    await this.#consumer.subscribe({ topics: [new RegExp(this.#options.pattern)] });
    const { kind } = this.#options;
    if (kind === "for await") await this.#forAwait({ commits: false });
    else if (kind === "for await, manual") await this.#forAwait({ commits: true });
    else if (kind === "for await batches") await this.#forAwaitBatches();
    else {
      const { finished } = await this.#consumer.run(this.#runOptions(kind));
      await finished;
    }
  }

  leave() {
    return this.#client.close();
  }

  #runOptions(kind) {
    const eachMessage = ({ message }) => this.#work(message);
    const { deadLetterTopic } = this.#options;
    switch (kind) {
      case "in order":
        return { eachMessage };
      case "several partitions":
        return { eachMessage, partitionsConsumedConcurrently: 3 };
      case "by key":
        return { eachMessage, partitionsConsumedConcurrently: 2, keyConcurrency: 4 };
      case "batches resolved":
        return { eachBatch: (payload) => this.#workOnBatch(payload), partitionsConsumedConcurrently: 2 };
      case "batches unresolved":
        return { eachBatch: (payload) => this.#workOnBatch(payload), eachBatchAutoResolve: false };
      case "batches failing":
        return { eachBatch: (payload) => this.#workOnBatch(payload), onError: { ...onError, retries: 1000 } };
      case "in order, manual":
        return { eachMessage: ({ message }) => this.#workAndCommit(message), partitionsConsumedConcurrently: 2 };
      case "failing":
        return { eachMessage, onError: { ...onError, retries: 2, deadLetterTopic } };
      case "failing by key":
        return { eachMessage, keyConcurrency: 4, onError: { ...onError, retries: 2, deadLetterTopic } };
      case "pausing":
        return { eachMessage: (payload) => this.#workAndPause(payload), partitionsConsumedConcurrently: 2 };
      default:
        throw new Error(`no kind '${kind}'`);
    }
  }

  async #forAwait({ commits }) {
    for await (const message of this.#consumer) {
      if (commits) await this.#workAndCommit(message);
      else await this.#work(message);
    }
  }

  async #forAwaitBatches() {
    for await (const batch of this.#consumer.batches()) for (const message of batch) await this.#work(message);
  }

  async #work(message) {
    this.#say("begun", message);
    await this.#wait();
    const { kind } = this.#options;
    if (kind.includes("failing") && this.#random(4) === 0) throw new Error("as it happens");
    this.#say("done", message);
  }

  async #workOnBatch({ batch, resolveOffset, commitOffsetsIfNecessary, isRunning, isStale }) {
    const resolves = this.#options.kind !== "batches failing" || this.#random(2) === 0;
    const isWhole = this.#options.kind !== "batches unresolved";
    for (const message of batch) {
      // Where the batch counts as a whole, it has to be processed as a whole.
      if (!isWhole && (!isRunning() || isStale() || this.#random(15) === 0)) return;
      await this.#work(message);
      if (resolves) resolveOffset(message.offset);
      if (this.#random(8) === 0) await this.#settled(commitOffsetsIfNecessary());
    }
  }

  async #workAndCommit(message) {
    await this.#work(message);
    if (this.#random(3) === 0) await this.#settled(message.commit());
  }

  async #workAndPause({ message, pause }) {
    if (this.#random(20) === 0) setTimeout(pause(), this.#random(200));
    await this.#work(message);
  }

  /** A commit may come too late for a member that has lost the partition: somebody else reads on from what is committed. */
  async #settled(commit) {
    try {
      await commit;
    } catch (error) {
      if (!commitCodes.has(error.code)) throw error;
    }
  }

  async #wait() {
    const { slowMs, blockMs } = this.#options;
    this.#count++;
    if (blockMs > 0 && this.#count % 150 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
    const chance = this.#random(300);
    if (chance === 0 && slowMs > 0) await sleep(slowMs);
    else if (chance < 100) await sleep(this.#random(6));
    else if (chance < 200) await Promise.resolve();
  }

  #say(type, { topic, partition, offset }) {
    this.#tell({ type, atUs: monotonicUs(), member: this.#options.name, topic, partition, offset });
  }
}

/** Joins a member. `tell` is called with each event. */
export function joinMember(options, tell) {
  const member = new Member(options, tell);
  const ended = member.live();
  return { ended, leave: () => member.leave() };
}

async function main() {
  const options = JSON.parse(process.argv[2]);
  const ledger = openSync(options.ledger, "a");
  // Written when it returns: a killed process has told all that it did.
  const tell = (event) => void writeSync(ledger, `${JSON.stringify(event)}\n`);
  const { ended, leave } = joinMember(options, tell);
  process.once("SIGTERM", () => void leave());
  await ended;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
