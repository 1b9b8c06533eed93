/**
 * Records.Publish: plain records in, batches appended, receipts out.
 *
 * The broker does here what a producer does: it chooses partitions, builds batches, sends each to the leader of its partition
 * (itself or another broker) and waits. Records of one partition stay in order. One record that cannot be appended fails its
 * own receipt and those of its batch, never the call.
 */

import type { ClusterImage, TopicImage } from "@sluice/cluster";
import {
  type Clock,
  isInternalTopic,
  type ServedMethod,
  SluiceError,
  serveUnary,
  topicName,
  topicPartitionText,
  toSluiceError,
} from "@sluice/model";
import { type PublishRecord, type PublishRequest, type Receipt, recordsService, toWireError } from "@sluice/protocol";
import {
  batchRecordCount,
  partitionForKey,
  RecordBatchBuilder,
  type RecordInput,
  recordSizeBytesMax,
} from "@sluice/record";
import type { RequiredAcks } from "@sluice/replication";
import type { BrokerCounters } from "../broker-counters.js";
import type { InternalClient } from "../internal-client.js";
import type { ProduceResult } from "../partition/partition-access.js";
import type { PartitionRegistry } from "../partition/partition-registry.js";
import { retryUntilLed } from "./leader-retry.js";

/** Size at which a batch is sent and another begun, where the topic allows so much. */
const batchBytesMax = 256 * 1024;

const acksOfWire = {
  ACKS_UNSPECIFIED: "all",
  ACKS_ALL: "all",
  ACKS_LEADER: "leader",
  ACKS_NONE: "none",
} as const satisfies Record<string, RequiredAcks>;

export interface PublishHandlerDependencies {
  readonly partitions: PartitionRegistry;
  readonly internalClient: InternalClient;
  readonly counters: BrokerCounters;
  readonly clock: Clock;
  readonly brokerId: number;
  image(): ClusterImage;
}

/** Serves Records.Publish. */
export function servePublish(dependencies: PublishHandlerDependencies): ServedMethod {
  let calls = 0;
  return serveUnary(recordsService.publish, async (request: PublishRequest, { signal }) => {
    calls += 1;
    return { receipts: await new Publication(request, calls, { ...dependencies, signal }).run() };
  });
}

interface PublicationDependencies extends PublishHandlerDependencies {
  /** Aborts when the caller went away. */
  readonly signal: AbortSignal;
}

interface PlacedRecord {
  /** Its place in the request. */
  readonly index: number;
  readonly input: RecordInput;
}

/** One call. */
class Publication {
  readonly #topic: TopicImage;
  readonly #records: readonly PublishRecord[];
  readonly #acks: RequiredAcks;
  readonly #receipts: Receipt[];
  readonly #dependencies: PublicationDependencies;
  /** Where records without key and partition go. */
  readonly #keylessPartition: number;
  readonly #batchBytesMax: number;

  constructor(request: PublishRequest, callNumber: number, dependencies: PublicationDependencies) {
    const name = topicName(request.topic);
    if (isInternalTopic(name)) throw new SluiceError("INTERNAL_TOPIC", { topic: name });
    const topic = dependencies.image().topics.get(name);
    if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: name });
    this.#topic = topic;
    this.#records = request.records;
    this.#acks = acksOfWire[request.acks];
    this.#receipts = new Array<Receipt>(request.records.length);
    this.#dependencies = dependencies;
    this.#keylessPartition = choosePartition(topic, dependencies.brokerId, callNumber);
    this.#batchBytesMax = Math.min(batchBytesMax, topic.config["max.message.bytes"]);
  }

  async run(): Promise<Receipt[]> {
    const byPartition = new Map<number, PlacedRecord[]>();
    for (const [index, record] of this.#records.entries()) {
      const partition = this.#partitionOf(record);
      const input = this.#toInput(record);
      const refusal = this.#refusal(partition, input);
      if (refusal !== undefined) {
        this.#refuse(partition, { index, input }, refusal);
        continue;
      }
      const placed = byPartition.get(partition);
      if (placed === undefined) byPartition.set(partition, [{ index, input }]);
      else placed.push({ index, input });
    }
    await Promise.all([...byPartition].map(([partition, records]) => this.#publish(partition, records)));
    return this.#receipts;
  }

  #partitionOf(record: PublishRecord): number {
    if (record.partition !== undefined) return record.partition;
    if (record.key !== undefined) return partitionForKey(record.key, this.#topic.partitions.length);
    return this.#keylessPartition;
  }

  #toInput(record: PublishRecord): RecordInput {
    return {
      timestampMs: record.timestampMs ?? this.#dependencies.clock.nowMs(),
      key: record.key ?? null,
      value: record.value ?? null,
      headers: record.headers.map((header) => ({ key: header.key, value: header.value ?? null })),
    };
  }

  /** Why the record can be in no batch of that partition, or undefined. */
  #refusal(partition: number, input: RecordInput): SluiceError | undefined {
    const topic = this.#topic.name;
    if (this.#topic.partitions[partition] === undefined) {
      return new SluiceError("UNKNOWN_PARTITION", { topic, partition });
    }
    const where = topicPartitionText(topic, partition);
    if (!Number.isSafeInteger(input.timestampMs) || input.timestampMs < 0) {
      return new SluiceError("INVALID_TIMESTAMP", { timestamp: input.timestampMs, where });
    }
    const sizeBytes = new RecordBatchBuilder({}).sizeBytes + recordSizeBytesMax(input);
    const sizeBytesMax = this.#topic.config["max.message.bytes"];
    return sizeBytes > sizeBytesMax
      ? new SluiceError("RECORD_BATCH_TOO_LARGE", { sizeBytes, sizeBytesMax, where })
      : undefined;
  }

  /** One batch after the other: one that has to wait for a leader is not overtaken. */
  async #publish(partition: number, records: readonly PlacedRecord[]): Promise<void> {
    let builder = new RecordBatchBuilder({});
    let inBatch: PlacedRecord[] = [];
    for (const record of records) {
      const isFull = builder.sizeBytes + recordSizeBytesMax(record.input) > this.#batchBytesMax;
      if (isFull && builder.recordCount > 0) {
        await this.#append(partition, builder.build(), inBatch);
        builder = new RecordBatchBuilder({});
        inBatch = [];
      }
      builder.append(record.input);
      inBatch.push(record);
    }
    await this.#append(partition, builder.build(), inBatch);
  }

  async #append(partition: number, batch: Buffer, records: readonly PlacedRecord[]): Promise<void> {
    try {
      const { baseOffset, logAppendTimeMs } = await retryUntilLed(
        () => this.#produce(partition, batch),
        this.#dependencies,
      );
      for (const [index, record] of records.entries()) {
        this.#receipts[record.index] = {
          partition,
          offset: baseOffset + index,
          timestampMs: logAppendTimeMs > 0 ? logAppendTimeMs : record.input.timestampMs,
          error: null,
        };
      }
    } catch (error) {
      for (const record of records) this.#refuse(partition, record, toSluiceError(error));
    }
  }

  /** Appends here or at the leader. */
  async #produce(partition: number, batch: Buffer): Promise<ProduceResult> {
    const { image, internalClient, partitions, brokerId } = this.#dependencies;
    const topic = this.#topic.name;
    const leader = image().topics.get(topic)?.partitions[partition]?.leader;
    if (leader === undefined || leader === brokerId) {
      const recordCount = batchRecordCount(batch);
      const sizeBytes = batch.length;
      const result = await partitions.ledOrThrow(topic, partition).acceptAndProduce(batch, this.#acks);
      this.#countAppended(recordCount, sizeBytes);
      return result;
    }
    return internalClient.produce(leader, { topic, partition, acks: this.#acks, clientEpoch: undefined, batch });
  }

  /** What is appended here; the broker that appends the rest counts it. */
  #countAppended(recordCount: number, sizeBytes: number): void {
    const { counters } = this.#dependencies;
    counters.recordsProduced += recordCount;
    counters.produce.bytes += sizeBytes;
    counters.topics.produced(this.#topic.name, recordCount, sizeBytes);
  }

  #refuse(partition: number, record: PlacedRecord, error: SluiceError): void {
    const { timestampMs } = record.input;
    this.#receipts[record.index] = { partition, offset: 0, timestampMs, error: toWireError(error) };
  }
}

/** A partition for records that name none: those that this broker leads in turn, else all in turn. */
function choosePartition(topic: TopicImage, brokerId: number, callNumber: number): number {
  const led = topic.partitions.filter((partition) => partition.leader === brokerId);
  const candidates = led.length > 0 ? led : topic.partitions;
  return candidates[callNumber % candidates.length]?.partition ?? 0;
}
