/**
 * Guarantee: members of a group together process every acknowledged record at least once, no two of them work on a partition
 * at the same time, and what is committed is processed and never goes back, while members join, leave and are killed
 * and the whole cluster is killed under them.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Sluice } from "@sluice/client";
import { expect, it, onTestFinished } from "vitest";
import { freePortRange } from "../support/free-ports.js";
import { repositoryRoot, startClusterProcess, until } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const topic = "work";
const group = "team";
const partitionCount = 6;

/** What was processed, by all members. */
class Ledger {
  /** Values by `partition:offset`. */
  readonly processed = new Map<string, string>();
  /** Partitions that two members of this process worked on at once. */
  readonly shared: number[] = [];
  readonly #busy = new Set<number>();

  add(record: { readonly partition: number; readonly offset: number; readonly value: string }): void {
    this.processed.set(`${record.partition}:${record.offset}`, record.value);
  }

  async work(record: { readonly partition: number; readonly offset: number; readonly value: string }): Promise<void> {
    if (this.#busy.has(record.partition)) this.shared.push(record.partition);
    this.#busy.add(record.partition);
    await new Promise(setImmediate);
    this.add(record);
    this.#busy.delete(record.partition);
  }
}

interface Member {
  count: number;
  leave(): Promise<void>;
}

async function join(brokers: string, ledger: Ledger): Promise<Member> {
  const client = new Sluice({ brokers });
  const consumer = client.consumer({ groupId: group, startFrom: "earliest", autoCommitInterval: 50 });
  await consumer.subscribe({ topics: [topic] });
  const member: Member = { count: 0, leave: () => Promise.resolve() };
  const { finished } = await consumer.run({
    partitionsConsumedConcurrently: 2,
    eachMessage: async ({ partition, message }) => {
      await ledger.work({ partition, offset: message.offset, value: String(message.value) });
      member.count++;
    },
  });
  member.leave = async () => {
    await client.close();
    await finished;
  };
  return member;
}

/** A member in a process of its own, which is killed once it has processed something. */
async function joinAndCrash(brokers: string, ledger: Ledger): Promise<void> {
  const bin = `${repositoryRoot}/packages/cli/bin/sluice.js`;
  const args = [bin, "consume", topic, "--group", group, "--follow", "-o", "json", "--brokers", brokers];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface(child.stdout);
  let count = 0;
  for await (const line of lines) {
    ledger.add(JSON.parse(line));
    if (++count === 20) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
}

it("loses nothing and shares nothing while members come and go and the cluster is killed", {
  timeout: 120_000,
}, async () => {
  const dataDirectory = await temporaryDirectory();
  const port = await freePortRange(3);
  let cluster = await startClusterProcess({ dataDirectory, port });
  const { brokers } = cluster;
  const client = new Sluice({ brokers });
  const admin = client.admin();
  const configEntries = [{ name: "flush", value: "always" }];
  await admin.createTopics({ topics: [{ topic, numPartitions: partitionCount, configEntries }] });

  const ledger = new Ledger();
  const acknowledged = new Map<string, string>();
  let isOver = false;
  const producing = (async () => {
    const producer = client.producer();
    for (let number = 0; !isOver; number++) {
      const value = `record ${number}`;
      const send = producer.send({ topic, messages: [{ key: value, value }] });
      // A kill leaves some sends without an answer: those are not acknowledged.
      const sent = await send.catch(() => []);
      for (const { partition, offset } of sent) acknowledged.set(`${partition}:${offset}`, value);
    }
  })();
  const committed = new Map<number, number>();
  const wentBack: string[] = [];
  const unprocessed: string[] = [];
  let isElsewhere = false;
  const observer = client.consumer({ groupId: group });
  const partitions = Array.from({ length: partitionCount }, (_, partition) => ({ topic, partition }));
  const look = async (): Promise<void> => {
    const offsets = await observer.committed(partitions);
    for (const { partition, offset } of offsets) {
      if (offset < (committed.get(partition) ?? 0))
        wentBack.push(`${partition}: ${committed.get(partition)} ${offset}`);
      committed.set(partition, offset);
      // What a process has printed and committed may still be on its way to the ledger.
      if (!isElsewhere && offset > 0 && !ledger.processed.has(`${partition}:${offset - 1}`))
        unprocessed.push(`${partition}:${offset}`);
    }
  };
  const looking = (async () => {
    while (!isOver) await look();
  })();
  const restart = async (): Promise<void> => {
    await cluster.kill();
    cluster = await startClusterProcess({ dataDirectory, port });
  };
  const processesMore = async (...members: readonly Member[]): Promise<void> => {
    const before = members.map(({ count }) => count);
    await until(() => members.every(({ count }, index) => count >= (before[index] as number) + 20));
  };

  const first = await join(brokers, ledger);
  const second = await join(brokers, ledger);
  await processesMore(first, second);
  await restart();
  await processesMore(first, second);
  isElsewhere = true;
  await joinAndCrash(brokers, ledger);
  isElsewhere = false;
  const third = await join(brokers, ledger);
  await processesMore(third);
  await first.leave();
  await restart();
  await processesMore(second, third);
  const passing = await join(brokers, ledger);
  await passing.leave();
  isOver = true;
  await Promise.all([producing, looking]);

  await until(async () => {
    await look();
    const ends = await admin.fetchTopicOffsets(topic);
    const { state, members } = await admin.describeGroup(group);
    if (state !== "stable" || members.length !== 2) return false;
    return ends.every(({ partition, offset }) => (committed.get(partition) ?? 0) === Number(offset));
  });
  await Promise.all([second.leave(), third.leave()]);
  for (const [place, value] of acknowledged) expect(ledger.processed.get(place)).toBe(value);
  expect(ledger.shared).toEqual([]);
  expect(wentBack).toEqual([]);
  expect(unprocessed).toEqual([]);
  await client.close();
  expect(await cluster.stop()).toBe(0);
});
