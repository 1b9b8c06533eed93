/**
 * Records.Subscribe: sends the records of one partition in order, decoded, from a position on.
 *
 * One loop a call: fetch, decode, send; it waits while the client does not take what was sent, so a call holds one fetch of
 * bytes and what the stream has buffered.
 */

import {
  isOffset,
  type MessageStream,
  type ServedMethod,
  SluiceError,
  type StreamListener,
  serveStream,
  toSluiceError,
} from "@sluice/model";
import { recordsService, type SubscribedRecord, type SubscribeRequest, type SubscribeResponse } from "@sluice/protocol";
import {
  batchBaseOffset,
  batchesIn,
  batchLastOffset,
  type RecordView,
  readBatchHeader,
  recordsIn,
  verifyBatchChecksum,
} from "@sluice/record";
import type { LedPartition, LedPartitions, OffsetQuery } from "../partition/partition-access.js";
import type { DrainableStream, OpenStreams } from "./open-streams.js";

/** Bytes of batches that are fetched at a time. */
const fetchBytesMax = 1024 * 1024;
/** Bytes of records a message: well under the 4 MiB that gRPC clients take unless told otherwise. */
const messageBytesMax = 256 * 1024;
/** How long one fetch waits for records to come before it is made again. */
const fetchWaitMsMax = 30_000;

export interface SubscribeHandlerDependencies {
  readonly partitions: LedPartitions;
  readonly streams: OpenStreams;
  readonly brokerId: number;
}

/** Serves Records.Subscribe. */
export function serveSubscribe(dependencies: SubscribeHandlerDependencies): ServedMethod {
  return serveStream(recordsService.subscribe, (stream, { signal }) => {
    const subscription = new Subscription(stream, dependencies);
    // The client says at once that it sends no more; that it goes away later, only the signal tells.
    signal.addEventListener("abort", () => subscription.onError(toSluiceError(signal.reason)), { once: true });
    return subscription;
  });
}

class Subscription implements StreamListener<SubscribeRequest>, DrainableStream {
  readonly #stream: MessageStream<SubscribeResponse>;
  readonly #dependencies: SubscribeHandlerDependencies;
  readonly #abort = new AbortController();
  #resumeSending: (() => void) | undefined;
  #isStarted = false;

  constructor(stream: MessageStream<SubscribeResponse>, dependencies: SubscribeHandlerDependencies) {
    this.#stream = stream;
    this.#dependencies = dependencies;
    dependencies.streams.add(this);
  }

  onMessage(request: SubscribeRequest): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#run(request).then(
      () => this.#stream.end(),
      (error: unknown) => this.#stream.abort(toSluiceError(error)),
    );
  }

  onEnd(): void {
    // The client has sent its request and says no more; the answers go on.
    if (this.#isStarted) return;
    // It never asked for anything: nothing else would ever end the stream.
    const error = new SluiceError("INVALID_REQUEST", { reason: "the stream ended without a request" });
    this.#finish(error);
    this.#stream.abort(error);
  }

  onError(error: SluiceError): void {
    this.#finish(error);
  }

  onDrain(): void {
    this.#resumeSending?.();
  }

  drain(): void {
    this.#finish(new SluiceError("BROKER_STOPPING", { broker: this.#dependencies.brokerId }));
  }

  #finish(error: SluiceError): void {
    this.#dependencies.streams.remove(this);
    this.#abort.abort(error);
    this.#resumeSending?.();
  }

  async #run(request: SubscribeRequest): Promise<void> {
    try {
      await this.#send(request);
    } catch (error) {
      // An aborted fetch says CANCELLED; what the client hears is why.
      throw this.#abort.signal.aborted ? this.#abort.signal.reason : error;
    } finally {
      this.#dependencies.streams.remove(this);
    }
  }

  async #send(request: SubscribeRequest): Promise<void> {
    if (!isOffset(request.countMax)) throw new SluiceError("INVALID_REQUEST", { reason: "count_max is negative" });
    const { partitions } = this.#dependencies;
    const { signal } = this.#abort;
    const partition = partitions.ledOrThrow(request.topic, request.partition);
    const waitMsMax = request.follow ? fetchWaitMsMax : 0;
    const endOffset = request.follow
      ? Number.POSITIVE_INFINITY
      : (await partition.listOffset({ type: "latest" })).offset;
    let position = await startOffset(partition, request);
    let left = request.countMax === 0 ? Number.POSITIVE_INFINITY : request.countMax;
    while (position < endOffset && left > 0) {
      const { records } = await partition.fetch({
        fromOffset: position,
        sizeBytesMax: fetchBytesMax,
        waitMsMax,
        signal,
      });
      for (const batch of batchesIn(records)) {
        left -= await this.#sendBatch(batch, { fromOffset: position, endOffset, countMax: left });
        position = batchLastOffset(batch, 0) + 1;
        if (left <= 0) break;
      }
    }
  }

  /** Sends what the range holds of the batch; returns how many records that was. */
  async #sendBatch(batch: Buffer, range: { fromOffset: number; endOffset: number; countMax: number }): Promise<number> {
    let records: SubscribedRecord[] = [];
    let sizeBytes = 0;
    let count = 0;
    // The log checks no checksum when it reads: for these clients the broker is the reader.
    if (!verifyBatchChecksum(batch, 0, batch.length)) {
      throw new SluiceError("CORRUPT_RECORD_BATCH", { where: `offset ${batchBaseOffset(batch)}` });
    }
    // Markers of transactions are the log's own: no application wrote them.
    if (readBatchHeader(batch).isControl) return 0;
    for (const record of recordsIn(batch)) {
      if (record.offset < range.fromOffset) continue;
      if (record.offset >= range.endOffset || count >= range.countMax) break;
      records.push(toWireRecord(record));
      count += 1;
      sizeBytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
      if (sizeBytes < messageBytesMax) continue;
      await this.#sendRecords(records);
      records = [];
      sizeBytes = 0;
    }
    await this.#sendRecords(records);
    return count;
  }

  async #sendRecords(records: SubscribedRecord[]): Promise<void> {
    this.#abort.signal.throwIfAborted();
    if (records.length === 0 || this.#stream.send({ records })) return;
    await new Promise<void>((resolve) => {
      this.#resumeSending = resolve;
    });
    this.#resumeSending = undefined;
    this.#abort.signal.throwIfAborted();
  }
}

async function startOffset(partition: LedPartition, request: SubscribeRequest): Promise<number> {
  if (request.from === "offset") return request.offset ?? 0;
  return (await partition.listOffset(startQuery(request))).offset;
}

function startQuery(request: SubscribeRequest): OffsetQuery {
  if (request.from === "timestampMs") return { type: "timestamp", timestampMs: request.timestampMs ?? 0 };
  return request.from === "latest" && request.latest === true ? { type: "latest" } : { type: "earliest" };
}

function toWireRecord(record: RecordView): SubscribedRecord {
  return {
    offset: record.offset,
    timestampMs: record.timestampMs,
    ...(record.key === null ? {} : { key: record.key }),
    ...(record.value === null ? {} : { value: record.value }),
    headers: record.headers.map(({ key, value }) => (value === null ? { key } : { key, value })),
  };
}
