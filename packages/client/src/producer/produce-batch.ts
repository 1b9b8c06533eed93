/**
 * One record batch on its way: open while records are appended, then closed, sent (more than once where it is refused), and
 * settled once.
 */

import { invariant, type SluiceError } from "@sluice/model";
import { type CompressionCodec, RecordBatchBuilder, type RecordInput } from "@sluice/record";
import type { PendingSend } from "./pending-send.js";
import type { AcksName } from "./producer-options.js";

export interface ProduceBatchOptions {
  readonly partition: number;
  readonly acks: AcksName;
  readonly compression: CompressionCodec;
  /** Size that it will probably reach, so that it need not grow. */
  readonly expectedBytes: number;
  /** On the monotonic clock: when it has failed if it is not acknowledged. */
  readonly deadlineMs: number;
  /** Place among the batches of its partition. */
  readonly sequence: number;
}

export class ProduceBatch {
  readonly partition: number;
  readonly acks: AcksName;
  readonly deadlineMs: number;
  readonly sequence: number;
  /** Bytes of keys, values and headers. */
  payloadBytes = 0;
  /** How often it was refused. */
  refusals = 0;
  /** Why it was refused last. */
  lastRefusal: SluiceError | undefined;
  /** On the monotonic clock: when it was sent last. */
  sentMs = 0;
  /** Offset of its first record, once it is acknowledged. */
  baseOffset = -1;
  /** Why it failed. */
  error: SluiceError | undefined;
  readonly #sends: PendingSend[] = [];
  #builder: RecordBatchBuilder | undefined;
  #records: Buffer | undefined;
  #sizeBytes = 0;
  #isSettled = false;

  constructor(options: ProduceBatchOptions) {
    this.partition = options.partition;
    this.acks = options.acks;
    this.deadlineMs = options.deadlineMs;
    this.sequence = options.sequence;
    this.#builder = new RecordBatchBuilder({ compression: options.compression, initialBytes: options.expectedBytes });
  }

  /** It takes no more records. */
  get isClosed(): boolean {
    return this.#builder === undefined;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Bytes of the batch, before compression while it is open. */
  get sizeBytes(): number {
    return this.#builder?.sizeBytes ?? this.#sizeBytes;
  }

  /** Adds a record and returns its place in the batch. */
  append(record: RecordInput, payloadBytes: number): number {
    invariant(this.#builder !== undefined, "append to a closed batch");
    const place = this.#builder.recordCount;
    this.#builder.append(record);
    this.payloadBytes += payloadBytes;
    return place;
  }

  /** True the first time for a send: it is told when the batch is settled. One send appends without interruption. */
  joinedBy(send: PendingSend): boolean {
    if (this.#sends.at(-1) === send) return false;
    this.#sends.push(send);
    return true;
  }

  /** The bytes to send. Closes the batch. */
  records(): Buffer {
    this.close();
    invariant(this.#records !== undefined, "the bytes of a settled batch");
    return this.#records;
  }

  close(): void {
    if (this.#builder === undefined) return;
    this.#records = this.#builder.build();
    this.#sizeBytes = this.#records.length;
    this.#builder = undefined;
  }

  succeed(baseOffset: number): void {
    this.baseOffset = baseOffset;
    this.#settle();
  }

  fail(error: SluiceError): void {
    this.error = error;
    this.#settle();
  }

  #settle(): void {
    invariant(!this.#isSettled, "a batch is settled twice");
    this.#isSettled = true;
    this.#builder = undefined;
    this.#records = undefined;
    for (const send of this.#sends) send.batchSettled();
  }
}
