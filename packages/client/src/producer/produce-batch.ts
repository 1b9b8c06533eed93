/**
 * One record batch on its way: open while records are appended, then closed, sent (more than once where it is refused or its
 * answer is lost), and settled once.
 *
 * Its bytes are made when they are first asked for, with the stamp that it has then, and stay the same while the stamp does.
 */

import { invariant, type SluiceError } from "@sluice/model";
import {
  type BatchProducer,
  type CompressionCodec,
  RecordBatchBuilder,
  type RecordInput,
  stampBatchProducer,
} from "@sluice/record";
import type { BatchMemory } from "./batch-memory.js";
import type { BatchStamp } from "./partition-sequences.js";
import type { Delivery, PendingSend } from "./pending-send.js";

export interface ProduceBatchOptions {
  readonly partition: number;
  readonly delivery: Delivery;
  /** Its records are numbered, so that it can be sent again whatever became of it. */
  readonly isIdempotent: boolean;
  readonly compression: CompressionCodec;
  /** Size that it will probably reach, so that it need not grow. */
  readonly expectedBytes: number;
  /** On the monotonic clock: when it has failed if it is not acknowledged. */
  readonly deadlineMs: number;
  /** Place among the batches of its partition. */
  readonly ordinal: number;
  /** Bytes before compression that it does not pass with a second record. */
  readonly sizeBytesMax: number;
  readonly memory: BatchMemory;
}

/** How a broker answered a batch that is in the log. */
export interface AcknowledgedBatch {
  /** Offset of its first record. */
  readonly baseOffset: number;
  /** An earlier try had appended it. */
  readonly duplicate: boolean;
  /** Milliseconds since 1970; 0: the records keep their own timestamps. */
  readonly logAppendTimeMs: number;
  /** Replicas that had it. */
  readonly replicas: number;
  /** Those of them that had flushed it to disk. */
  readonly replicasFlushed: number;
}

export class ProduceBatch {
  readonly partition: number;
  readonly delivery: Delivery;
  readonly isIdempotent: boolean;
  readonly deadlineMs: number;
  readonly ordinal: number;
  readonly sizeBytesMax: number;
  /** The limit of its topic was asked for anew, because it is larger than the one that was known. */
  hasAskedForLimit = false;
  /** Bytes of keys, values and headers. */
  payloadBytes = 0;
  recordCount = 0;
  /** Undefined: it has none yet, or is not idempotent. */
  stamp: BatchStamp | undefined;
  /** Some try of it has no answer that says whether it was appended. */
  hasLostAnswer = false;
  /** How often it was refused or its answer lost. */
  refusals = 0;
  /** Why it was refused last. */
  lastRefusal: SluiceError | undefined;
  /** On the monotonic clock: when it was sent last. */
  sentMs = 0;
  /** Once it is acknowledged. */
  acknowledged: AcknowledgedBatch | undefined;
  /** Why it failed. */
  error: SluiceError | undefined;
  readonly #memory: BatchMemory;
  readonly #sends: PendingSend[] = [];
  #builder: RecordBatchBuilder | undefined;
  #isClosed = false;
  #records: Buffer | undefined;
  #builtWith: BatchStamp | undefined;
  #sizeBytes = 0;
  #isSettled = false;

  constructor(options: ProduceBatchOptions) {
    this.partition = options.partition;
    this.delivery = options.delivery;
    this.isIdempotent = options.isIdempotent;
    this.deadlineMs = options.deadlineMs;
    this.ordinal = options.ordinal;
    this.sizeBytesMax = options.sizeBytesMax;
    this.#memory = options.memory;
    const { compression, expectedBytes: initialBytes } = options;
    this.#builder = new RecordBatchBuilder({ compression, initialBytes, buffer: this.#memory.take(initialBytes) });
  }

  /** It takes no more records. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Bytes of the batch, before compression while it is open. */
  get sizeBytes(): number {
    return this.#isClosed ? this.#sizeBytes : (this.#builder?.sizeBytes ?? 0);
  }

  /** Adds a record and returns its place in the batch. */
  append(record: RecordInput, payloadBytes: number): number {
    invariant(this.#builder !== undefined, "append to a closed batch");
    this.#builder.append(record);
    this.payloadBytes += payloadBytes;
    return this.recordCount++;
  }

  /** True the first time for a send: it is told when the batch is settled. One send appends without interruption. */
  joinedBy(send: PendingSend): boolean {
    if (this.#sends.at(-1) === send) return false;
    this.#sends.push(send);
    return true;
  }

  /** Takes no more records, and compresses them. */
  close(): void {
    if (this.#isClosed || this.#builder === undefined) return;
    this.#builder.close();
    this.#sizeBytes = this.#builder.sizeBytes;
    this.#isClosed = true;
  }

  /** The bytes to send, with its present stamp. Closes the batch. */
  records(): Buffer {
    this.close();
    if (this.#builder !== undefined) {
      this.#records = this.#builder.build(this.stamp);
      this.#builder = undefined;
    } else if (this.stamp !== undefined && this.stamp !== this.#builtWith) {
      invariant(this.#records !== undefined, "the bytes of a settled batch");
      // A copy: a connection that broke may still hold the bytes as they were.
      this.#records = Buffer.from(this.#records);
      stampBatchProducer(this.#records, this.stamp satisfies BatchProducer);
    }
    this.#builtWith = this.stamp;
    invariant(this.#records !== undefined, "the bytes of a settled batch");
    return this.#records;
  }

  succeed(acknowledged: AcknowledgedBatch): void {
    this.acknowledged = acknowledged;
    if (this.#records !== undefined && this.refusals === 0) this.#memory.giveBack(this.#records);
    this.#settle();
  }

  fail(error: SluiceError): void {
    this.error = error;
    this.#settle();
  }

  #settle(): void {
    invariant(!this.#isSettled, "a batch is settled twice");
    this.#sizeBytes = this.sizeBytes;
    this.#isClosed = true;
    this.#isSettled = true;
    this.#builder = undefined;
    this.#records = undefined;
    for (const send of this.#sends) send.batchSettled();
  }
}
