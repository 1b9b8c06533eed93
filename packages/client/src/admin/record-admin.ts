/** The requests of an admin that go to the leaders of partitions: offsets, and deleting records. */

import { isOffset, SluiceError, type TopicPartition, topicName, toSluiceError } from "@sluice/model";
import { fromWireError, logService } from "@sluice/protocol";
import type { Cancellable } from "../cancellation.js";
import type { PartitionLeader } from "../cluster-metadata.js";
import { replacedOptions } from "../kafkajs-options.js";
import { checkOptionNames } from "../option-check.js";
import { withRetries } from "../retry-policy.js";
import { type AnyTopic, topicNameOf } from "../topics/topic.js";
import type { AdminCalls } from "./admin-calls.js";
import { type AdminFailure, adminError } from "./admin-failures.js";
import type { DeletedTopicRecords, DeleteTopicRecords, LatestRecord } from "./admin-types.js";
import { listOf } from "./topic-admin.js";

/** What an answer about one partition has in every method. */
interface PartitionAnswer extends TopicPartition {
  readonly error: Parameters<typeof fromWireError>[0] | null;
}

export class RecordAdmin {
  readonly #calls: AdminCalls;

  constructor(calls: AdminCalls) {
    this.#calls = calls;
  }

  async deleteRecords(request: DeleteTopicRecords, options: Cancellable): Promise<DeletedTopicRecords[]> {
    checkOptionNames("deleteTopicRecords", request, ["topic", "partitions"], replacedOptions("deleteTopicRecords"));
    const topic = topicName(topicNameOf(request.topic));
    const given = listOf("deleteTopicRecords", "partitions", request.partitions);
    const wanted = given.map(({ partition, offset }) => ({ topic, partition, beforeOffset: beforeOffsetOf(offset) }));
    checkUnique(wanted);
    this.#calls.checkOpen();
    const { connections } = this.#calls.dependencies;
    const { answers, failures } = await this.#askLeaders(wanted, options, async (leader, partitions) => {
      const wire = { partitions };
      return (await connections.call(leader.address, logService.deleteRecords, wire, options)).partitions;
    });
    if (failures.length > 0) throw adminError(failures);
    return wanted.map(({ partition }) => ({ partition, low: answers.get(partition)?.logStartOffset ?? 0 }));
  }

  async latestRecords(given: string | AnyTopic, options: Cancellable): Promise<LatestRecord[]> {
    const topic = topicName(topicNameOf(given));
    const { topics } = await this.#calls.describe([topic], options);
    const query = { query: "OFFSET_QUERY_MAX_TIMESTAMP" as const, timestampMs: 0 };
    const wanted = (topics[0]?.partitions ?? []).map(({ partition }) => ({ topic, partition, ...query }));
    const { connections } = this.#calls.dependencies;
    const { answers, failures } = await this.#askLeaders(wanted, options, async (leader, partitions) => {
      return (await connections.call(leader.address, logService.listOffsets, { partitions }, options)).partitions;
    });
    if (failures.length > 0) throw adminError(failures);
    return wanted.map(({ partition }) => {
      const answer = answers.get(partition);
      const timestamp = answer?.timestampMs ?? -1;
      return { partition, offset: timestamp < 0 ? -1 : (answer?.offset ?? -1), timestamp };
    });
  }

  /**
   * Asks the leaders of partitions of one topic, and again those that have moved or cannot say yet, within the request timeout.
   * What is asked may be asked twice.
   */
  async #askLeaders<Wanted extends TopicPartition, Answer extends PartitionAnswer>(
    wanted: readonly Wanted[],
    options: Cancellable,
    ask: (leader: PartitionLeader, partitions: Wanted[]) => Promise<readonly Answer[]>,
  ): Promise<{ readonly answers: ReadonlyMap<number, Answer>; readonly failures: readonly AdminFailure[] }> {
    const { metadata, clock, policy, requestTimeoutMs } = this.#calls.dependencies;
    const answers = new Map<number, Answer>();
    let failures: AdminFailure[] = [];
    const attempt = async (retry: number): Promise<void> => {
      const missing = wanted.filter(({ partition }) => !answers.has(partition));
      const [first] = missing;
      if (first === undefined) return;
      if (retry > 0) await metadata.refresh([first.topic], options);
      await metadata.requireTopic(first.topic, options);
      failures = await this.#askOnce(missing, answers, ask);
      const final = failures.find(({ error }) => !error.retriable);
      const error = final?.error ?? failures[0]?.error;
      if (error !== undefined) throw error;
    };
    const time = { clock, policy, timeoutMs: requestTimeoutMs, signal: options.signal };
    try {
      await withRetries(attempt, {
        ...time,
        isWorthRetry: ({ retriable, code }) => retriable && code !== "UNKNOWN_TOPIC",
      });
    } catch (error) {
      // What is not one of the failures stopped the whole: there is no such topic, or the caller went away.
      if (!failures.some((failure) => failure.error === error)) throw error;
    }
    return { answers, failures };
  }

  async #askOnce<Wanted extends TopicPartition, Answer extends PartitionAnswer>(
    wanted: readonly Wanted[],
    answers: Map<number, Answer>,
    ask: (leader: PartitionLeader, partitions: Wanted[]) => Promise<readonly Answer[]>,
  ): Promise<AdminFailure[]> {
    const failures: AdminFailure[] = [];
    const failed = ({ topic: name, partition }: TopicPartition, error: SluiceError): void => {
      failures.push({ name, partition, error });
    };
    const byLeader = new Map<number, { readonly leader: PartitionLeader; readonly partitions: Wanted[] }>();
    const { metadata } = this.#calls.dependencies;
    for (const one of wanted) {
      const leader = metadata.leaderOf(one.topic, one.partition);
      if (leader === undefined) {
        failed(one, metadata.whyNoLeader(one.topic, one.partition));
        continue;
      }
      const known = byLeader.get(leader.brokerId) ?? { leader, partitions: [] };
      known.partitions.push(one);
      byLeader.set(leader.brokerId, known);
    }
    const askOne = async ({
      leader,
      partitions,
    }: {
      readonly leader: PartitionLeader;
      readonly partitions: Wanted[];
    }) => {
      try {
        for (const answer of await ask(leader, partitions)) {
          if (answer.error) failed(answer, fromWireError(answer.error));
          else answers.set(answer.partition, answer);
        }
      } catch (error) {
        for (const one of partitions) failed(one, toSluiceError(error));
      }
    };
    await Promise.all([...byLeader.values()].map(askOne));
    return failures.sort((left, right) => (left.partition ?? 0) - (right.partition ?? 0));
  }
}

/** The offset of the first record to keep; -1: the end. @throws SluiceError INVALID_REQUEST */
function beforeOffsetOf(given: number | string): number {
  const offset = typeof given === "string" && /^(-1|\d{1,16})$/.test(given) ? Number(given) : given;
  if (offset === -1 || (typeof offset === "number" && isOffset(offset))) return offset;
  throw new SluiceError("INVALID_REQUEST", {
    reason: `${JSON.stringify(given)} is not an offset; give a number from 0, or -1 for the end`,
  });
}

function checkUnique(wanted: readonly TopicPartition[]): void {
  const numbers = new Set(wanted.map(({ partition }) => partition));
  if (numbers.size === wanted.length) return;
  throw new SluiceError("INVALID_REQUEST", { reason: "a partition is in it twice" });
}
