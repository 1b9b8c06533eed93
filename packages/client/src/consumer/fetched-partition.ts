/**
 * One partition that a consumer reads: where it is, what is fetched and not given out yet, and what is processed.
 *
 * Three offsets, each at or behind the one before: `fetchOffset` is asked for next, `position` is given to the application
 * next, `processed` is committed next. A seek moves all three and makes answers that are under way worthless (`version`).
 */

import type { SluiceError, Timer } from "@sluice/model";
import type { FetchedChunk } from "./fetched-chunk.js";
import type { Message, MessageSource } from "./message.js";

/** How messages of a partition commit themselves. */
export type CommitThrough = (partition: FetchedPartition, offset: number, leaderEpoch: number) => Promise<void>;

export class FetchedPartition implements MessageSource {
  readonly topic: string;
  readonly partition: number;
  /** Where reading began here. */
  readonly beganAt: number;
  /** First offset not wanted; Infinity: no end. */
  readonly endOffset: number;
  fetchOffset: number;
  position: number;
  /** Offset of the next record to process; undefined: nothing was processed or sought since it was assigned. */
  processed: number | undefined;
  /** Leader epoch of the last processed record; undefined: not known. */
  processedEpoch: number | undefined;
  /** What of `processed` is committed. */
  committed: number | undefined;
  /** First offset not known to be committed, as of the last answer; undefined: no answer yet. */
  highWatermark: number | undefined;
  isPaused = false;
  /** Somebody works on its first chunk. */
  isBusy = false;
  /** Another member shall have it: no more messages are given out. */
  isRevoked = false;
  /** Grows with every seek. */
  version = 0;
  /** Grows whenever what is under way is of no more use: with every seek, and with another leader. */
  fetchVersion = 0;
  /** A request for the present `fetchVersion` is owed an answer. */
  isFetching = false;
  /** Leader epoch of the leader that was asked last; -1: none was. */
  askedEpoch = -1;
  /** Leader epoch of the last record before `fetchOffset`; undefined: not known. Who is asked says where that record is gone. */
  fetchedEpoch: number | undefined;
  /** It is not read here any more: given to another member, or the consumer has stopped. */
  isRemoved = false;
  /** How many partitions the topic had when the group began with it; undefined: not known. */
  groupBeganWith: number | undefined;
  /** Told after each `markProcessed`, with how many offsets it went on. */
  onProcessed: ((count: number) => void) | undefined;
  /** When records, or word that there are none, came last or were first asked for, on the monotonic clock. */
  lastAnswerMs: number | undefined;
  /** There is more to read, and nothing has come for too long. */
  isStalled = false;
  /** Until it is asked for again after an error. */
  retryTimer: Timer | undefined;
  retries = 0;
  unknownSinceMs: number | undefined;
  /** Why it cannot be read any more. */
  error: SluiceError | undefined;
  bufferedBytes = 0;
  #topicId: string | undefined;
  readonly #commitThrough: CommitThrough;
  #chunks: FetchedChunk[] = [];

  constructor(
    options: {
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly endOffset?: number;
      /** Of the record before `offset`; undefined: not known. */
      readonly leaderEpoch?: number | undefined;
    },
    commitThrough: CommitThrough,
  ) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.beganAt = options.offset;
    this.fetchOffset = options.offset;
    this.position = options.offset;
    this.fetchedEpoch = options.leaderEpoch;
    this.endOffset = options.endOffset ?? Number.POSITIVE_INFINITY;
    this.#commitThrough = commitThrough;
  }

  /** The chunk to give out next. */
  get firstChunk(): FetchedChunk | undefined {
    return this.#chunks[0];
  }

  /** Everything up to `endOffset` was given out, or is not in the log any more. */
  get isFinished(): boolean {
    const isDrained = this.#chunks.length === 0;
    return this.position >= this.endOffset || (isDrained && this.fetchOffset >= this.endOffset);
  }

  /** Something is processed and not committed. */
  get isDirty(): boolean {
    return this.processed !== undefined && this.processed !== this.committed;
  }

  add(chunk: FetchedChunk): void {
    this.#chunks.push(chunk);
    this.fetchedEpoch = chunk.lastLeaderEpoch;
    this.bufferedBytes += chunk.sizeBytes;
    this.fetchOffset = chunk.nextOffset;
  }

  /** Takes the first chunk out: all of it was given out. */
  dropFirst(): void {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return;
    this.bufferedBytes -= chunk.sizeBytes;
    this.position = chunk.nextOffset;
  }

  /** Goes on at `offset`; everything that is fetched is forgotten. */
  seek(offset: number): void {
    this.version++;
    this.abandonFetch();
    this.fetchedEpoch = this.#epochBefore(offset);
    this.#chunks = [];
    this.bufferedBytes = 0;
    this.fetchOffset = offset;
    this.position = offset;
    this.error = undefined;
    this.retries = 0;
  }

  /** It is asked of the topic with that id. Epochs of another topic, which had the name before, say nothing there. */
  askOf(topicId: string | undefined): void {
    if (topicId === undefined || topicId === this.#topicId) return;
    if (this.#topicId !== undefined) {
      this.fetchedEpoch = undefined;
      this.processedEpoch = undefined;
    }
    this.#topicId = topicId;
  }

  /** The answer to a request that is under way is not waited for. */
  abandonFetch(): void {
    this.fetchVersion++;
    this.isFetching = false;
  }

  /** Everything before `offset` is processed. */
  markProcessed(offset: number, leaderEpoch: number | undefined): void {
    const before = this.processed;
    this.processed = offset;
    this.processedEpoch = leaderEpoch;
    if (this.onProcessed !== undefined) this.onProcessed(offset - (before ?? this.committed ?? offset - 1));
  }

  /** `message` is the last that was given out. */
  gaveOut(message: Message): void {
    this.position = message.offset + 1;
  }

  commitThrough(offset: number, leaderEpoch: number): Promise<void> {
    return this.#commitThrough(this, offset, leaderEpoch);
  }

  /** Leader epoch of the last record before `offset`; undefined: not known. */
  #epochBefore(offset: number): number | undefined {
    if (offset === this.fetchOffset) return this.fetchedEpoch;
    return offset === this.processed ? this.processedEpoch : undefined;
  }
}
