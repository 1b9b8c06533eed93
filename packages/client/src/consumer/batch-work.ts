/** Calls `eachBatch` with the messages of one fetched chunk, and gives the partition back at what is not processed. */

import type { TopicPartition } from "@sluice/model";
import { BatchInHand } from "./batch-in-hand.js";
import type { BatchProcessEvent } from "./consumer-events.js";
import type { FetchedPartition } from "./fetched-partition.js";
import type { HandlerCalls, RunContext, Work } from "./handler-calls.js";
import { MessageBatch } from "./message-batch.js";
import type { OffsetToCommit } from "./offset-committer.js";
import { offsetOf } from "./offset-spec.js";
import type { EachBatchPayload, OffsetsByTopicPartition, RunSettings } from "./run-options.js";
import type { SlotHold } from "./slots.js";

const heartbeat = async (): Promise<void> => undefined;

/** Resolves when the partition is given back. Never rejects: what ends the run is told to `context.fail`. */
export async function workOnBatch(
  partition: FetchedPartition,
  hold: SlotHold,
  { context, calls }: { readonly context: RunContext; readonly calls: HandlerCalls },
): Promise<void> {
  let inHand: BatchInHand | undefined;
  try {
    inHand = BatchInHand.of(context.reading.fetcher, partition);
    if (inHand === undefined) return;
    const { version } = inHand;
    const work: Work = { partition, version, onWaiting: () => hold.lend(), onWaited: () => hold.regain() };
    const isProcessed = await processed(inHand, work, { context, calls });
    if (isProcessed && (context.settings.autoResolves || inHand.isResolved)) inHand.finish();
    else inHand.abandon();
  } catch (error) {
    // First: once it is given back, another worker would go on behind what failed, and commit it.
    context.fail(error);
    inHand?.abandon();
  }
}

/** False: it is taken away, or paused at what failed. @throws what ends the run */
async function processed(
  inHand: BatchInHand,
  work: Work,
  { context, calls }: { readonly context: RunContext; readonly calls: HandlerCalls },
): Promise<boolean> {
  const { settings, dependencies, pauses } = context;
  for (let attempt = 1; ; attempt++) {
    try {
      await callOnce(inHand, context);
      return true;
    } catch (error) {
      const { topic, partition } = inHand.batch;
      const where = { error, topic, partition, offset: inHand.firstOpenOffset, attempt };
      if (calls.isStale(work)) {
        dependencies.logger.warn(where, "a handler threw while its partition was taken away or reading stopped");
        return false;
      }
      if (attempt > settings.onError.retriesMax) {
        if (settings.onError.otherwise !== "pause") throw error;
        dependencies.logger.error(where, "a partition was paused at a batch that could not be processed");
        pauses({ topic, partition });
        return false;
      }
      dependencies.logger.warn(where, "a handler threw, its batch will be tried again");
      if (!(await calls.waitBeforeRetry(work, attempt))) return false;
    }
  }
}

async function callOnce(inHand: BatchInHand, context: RunContext): Promise<void> {
  const { settings, reading, events, watch, dependencies } = context;
  const handle = settings.eachBatch as NonNullable<RunSettings["eachBatch"]>;
  const open = inHand.batch.messages.filter(({ offset }) => offset >= inHand.firstOpenOffset);
  const isWhole = open.length === inHand.batch.messages.length;
  const batch = isWhole ? inHand.batch : new MessageBatch(inHand.partition, open, inHand.batch.highWatermark);
  const tells = events.has("consumer.start_batch_process") || events.has("consumer.end_batch_process");
  const described = tells ? describe(batch) : undefined;
  const beganMs = dependencies.clock.monotonicMs();
  if (described !== undefined) events.emit("consumer.start_batch_process", described);
  const { topic, partition } = batch;
  const watched = watch?.begin({ topic, partition, offset: batch.firstOffset() });
  try {
    await handle(payloadOf(batch, inHand, context, watched?.signal ?? reading.signal));
  } finally {
    watched?.end();
  }
  if (described !== undefined)
    events.emit("consumer.end_batch_process", {
      ...described,
      duration: dependencies.clock.monotonicMs() - beganMs,
    });
}

function payloadOf(
  batch: MessageBatch,
  inHand: BatchInHand,
  { reading, pauses }: RunContext,
  signal: AbortSignal,
): EachBatchPayload {
  return {
    batch,
    signal,
    resolveOffset: (offset) => inHand.resolve(offsetOf(offset) + 1),
    commitOffsetsIfNecessary: (offsets) =>
      offsets === undefined ? reading.commit() : reading.commitOffsets(flatOffsets(offsets)),
    uncommittedOffsets: () => byTopic(reading.uncommitted()),
    heartbeat,
    isRunning: () => !reading.signal.aborted,
    isStale: () => inHand.isStale,
    pause: () => pauses(batch),
  };
}

function describe(batch: MessageBatch): BatchProcessEvent {
  const { topic, partition, highWatermark, messages } = batch;
  const [offsetLag, offsetLagLow] = [batch.offsetLag(), batch.offsetLagLow()];
  const [firstOffset, lastOffset] = [batch.firstOffset(), batch.lastOffset()];
  const batchSize = messages.length;
  return { topic, partition, highWatermark, offsetLag, offsetLagLow, batchSize, firstOffset, lastOffset };
}

function flatOffsets({ topics }: OffsetsByTopicPartition): OffsetToCommit[] {
  return topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => ({ topic, partition, offset })),
  );
}

function byTopic(offsets: readonly (TopicPartition & { readonly offset: number })[]): OffsetsByTopicPartition {
  const topics = new Map<string, { partition: number; offset: number }[]>();
  for (const { topic, partition, offset } of offsets)
    topics.set(topic, [...(topics.get(topic) ?? []), { partition, offset }]);
  return { topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) };
}
