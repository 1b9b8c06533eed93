/**
 * How far one other replica has come in one leader epoch, as the leader hears it.
 *
 * Only what the newest life of the replica said in this epoch counts, and only after its log was found to agree with the leader's.
 * What it says last is true, lower or not: a replica that begins again from the log start goes back.
 *
 * It *lags* from the moment at which it is seen to be behind until it has reached the log end that the leader had then. Being a
 * little behind a busy leader is no lag that lasts.
 */

import type { Offset } from "@sluice/model";

interface Lag {
  readonly sinceMs: number;
  /** Log end of the leader at that time. */
  readonly targetOffset: Offset;
}

export class FollowerProgress {
  readonly replica: number;
  #brokerEpoch = -1;
  #ackedOffset: Offset | undefined;
  #isServed = false;
  #isGone = false;
  #isFull = false;
  #lag: Lag | undefined;
  #copiedBesides: number | undefined;

  constructor(replica: number) {
    this.replica = replica;
  }

  /** Newest life of the replica that was heard of. -1: none. */
  get brokerEpoch(): number {
    return this.#brokerEpoch;
  }

  /** Up to where it has the leader's log (exclusive): its flushed offset where flush=always. Undefined: not known in this epoch. */
  get ackedOffset(): Offset | undefined {
    return this.#ackedOffset;
  }

  /** Its log was found to agree with the leader's, and it is being sent records. */
  get isServed(): boolean {
    return this.#isServed;
  }

  /** Its process is known to have ended, and it has said nothing since. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** It has said that it has no room for more, and has not asked anew since. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** It was behind, and has not reached where the leader was then. */
  get isLagging(): boolean {
    return this.#lag !== undefined;
  }

  /**
   * Tombstones below this offset were gone when it began to copy the log from its start: it has nothing that they deleted.
   * Undefined: it did not begin so in this epoch.
   */
  get copiedBesides(): number | undefined {
    return this.#copiedBesides;
  }

  /** It speaks in that life, which is not older than `brokerEpoch`: what an earlier life said counts no longer. */
  enterLife(brokerEpoch: number): void {
    this.#isGone = false;
    if (brokerEpoch === this.#brokerEpoch) return;
    this.#brokerEpoch = brokerEpoch;
    this.#copiedBesides = undefined;
    this.#isFull = false;
    this.interrupt();
  }

  /** It is not served, and where its log agrees with the leader's is not known. */
  interrupt(): void {
    this.#isServed = false;
    this.#ackedOffset = undefined;
  }

  serve(): void {
    this.#isServed = true;
  }

  /** Whether it has room for what comes next. What it has acknowledged it has, whatever comes. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull;
  }

  /** It begins to copy the log from its start, of which compaction has dropped tombstones below that offset. */
  beginCopy(droppedTombstonesEnd: number): void {
    this.#copiedBesides = droppedTombstonesEnd;
  }

  acknowledge(ackedOffset: Offset): void {
    this.#ackedOffset = ackedOffset;
    if (this.#lag !== undefined && ackedOffset >= this.#lag.targetOffset) this.#lag = undefined;
  }

  /** That life, which is not older than `brokerEpoch`, is over. */
  leave(brokerEpoch: number): void {
    this.enterLife(brokerEpoch);
    this.interrupt();
    this.#isGone = true;
  }

  /** Begins a lag where it is behind and none has begun. */
  maybeBeginLag(logEndOffset: Offset, nowMs: number): void {
    if (this.#lag !== undefined) return;
    if (this.#ackedOffset !== undefined && this.#ackedOffset >= logEndOffset) return;
    this.#lag = { sinceMs: nowMs, targetOffset: logEndOffset };
  }

  hasLaggedFor(lagMs: number, nowMs: number): boolean {
    return this.#lag !== undefined && nowMs - this.#lag.sinceMs >= lagMs;
  }
}
