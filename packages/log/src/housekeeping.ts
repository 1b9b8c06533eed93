/**
 * The periodic work on the logs of a data directory: retention, rolling by age, expiry of producers, and compaction.
 *
 * One run at a time goes through all logs, one after the other, and gives the event loop its turn after every few
 * milliseconds of work. Compaction, which may take long, comes after the rest is done for all logs; when meanwhile the rest
 * is due again, it is done between two compactions. What fails in one log is reported and left for the next run, and the
 * other logs get theirs.
 *
 * All decisions use the time of a `RetentionClock`, so that a wall clock that jumps ahead deletes nothing, drops no
 * tombstone and forgets no producer before its time (P36). It decides when; what it takes to delete or to compact, the log
 * knows. A roll by age is late by up to `checkIntervalMs`.
 */

import {
  type Clock,
  invariant,
  isSluiceError,
  type Offset,
  offset,
  SluiceError,
  sleep,
  type Timer,
  type TopicConfig,
} from "@sluice/model";
import { planRetention } from "./retention.js";
import { RetentionClock } from "./retention-clock.js";
import { segmentAgeMsMax } from "./segment-age.js";
import { SegmentSightings } from "./segment-sightings.js";
import { hindersBoundedLog } from "./segment-size.js";

const defaultCheckIntervalMs = 300_000;
/** After so much work other work gets a turn. */
const sliceMs = 5;

/** A segment as its log describes it: see `RetentionSegment` for the first four. */
export interface DescribedSegment {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly sizeBytes: number;
  readonly maxTimestampMs: number;
  /** Timestamp of the first record, ms; -1 where it has none, or the segment no record. */
  readonly firstTimestampMs: number;
}

/** What housekeeping needs of a log. */
export interface HousekeptLog {
  /** Read anew for every decision. */
  readonly config: TopicConfig;
  /** Exclusive. */
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  /** Why the log is offline: it is left alone then. */
  readonly failure: SluiceError | undefined;
  /** Oldest first, the last is the active one; reads time indexes where it has to. */
  describeSegments(): Promise<readonly DescribedSegment[]>;
  /** Closes the active segment where it holds anything. */
  roll(): Promise<void>;
  /** Removes the segments that end at `endOffset` or below, in two phases. */
  deleteSegmentsBelow(endOffset: Offset): Promise<void>;
  /** Compacts where it is worth it. False: there was nothing to do. */
  maybeCompact(nowMs: number): Promise<boolean>;
  /** Forgets producers that have been silent for longer than they are remembered. */
  expireProducers(nowMs: number): void;
}

export interface LogHousekeepingOptions {
  /** Time between two runs, ms; 300,000 where it is not given. */
  readonly checkIntervalMs?: number;
}

export interface LogHousekeepingDependencies<Log extends HousekeptLog> {
  readonly clock: Clock;
  /** The logs that are open; asked at the beginning of each pass. */
  logs(): Iterable<Log>;
  /** A log failed at its housekeeping; a log that was closed meanwhile is no failure. It must not throw. */
  onError(log: Log, error: unknown): void;
}

export class LogHousekeeping<Log extends HousekeptLog> {
  readonly #checkIntervalMs: number;
  readonly #dependencies: LogHousekeepingDependencies<Log>;
  readonly #retentionClock: RetentionClock;
  readonly #sightings = new WeakMap<Log, SegmentSightings>();
  readonly #closing = new AbortController();
  #timer: Timer | undefined;
  /** The run under way and all that wait for their turn; never rejects. */
  #running: Promise<void> = Promise.resolve();
  /** The run that has not begun yet: who asks meanwhile is served by it. */
  #next: Promise<void> | undefined;
  #passedAtMs = 0;
  #sliceBeganMs = 0;

  constructor(options: LogHousekeepingOptions, dependencies: LogHousekeepingDependencies<Log>) {
    this.#checkIntervalMs = options.checkIntervalMs ?? defaultCheckIntervalMs;
    this.#dependencies = dependencies;
    this.#retentionClock = new RetentionClock(dependencies.clock);
  }

  /** How far the wall clock is ahead of the time that is used here, ms: above 0 it jumped, and deletions are held back. */
  get clockHeldBackMs(): number {
    return this.#retentionClock.heldBackMs;
  }

  /** Begins: the first run is one interval from now. */
  start(): void {
    invariant(this.#timer === undefined, "housekeeping is started once");
    this.#schedule();
  }

  /**
   * A whole run, begun after this call: where one is under way, after it. Resolves when it is done; what failed was told to
   * `onError`.
   * @throws SluiceError CLOSED
   */
  runNow(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(new SluiceError("CLOSED", { subject: "housekeeping" }));
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#run();
    });
    this.#running = this.#next;
    return this.#next;
  }

  /** Stops: the step under way is finished, and nothing is begun after it. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    await this.#running;
  }

  #schedule(): void {
    this.#timer = this.#dependencies.clock.setTimer(this.#checkIntervalMs, () => {
      void this.runNow().then(() => {
        if (!this.#closing.signal.aborted) this.#schedule();
      });
    });
  }

  async #run(): Promise<void> {
    await this.#tidyAll();
    for (const log of [...this.#dependencies.logs()]) {
      if (this.#closing.signal.aborted) return;
      if (log.failure !== undefined || !isCompacted(log)) continue;
      await this.#guard(log, async () => void (await log.maybeCompact(this.#retentionClock.nowMs())));
      await this.#yieldWhereDue();
      if (this.#dependencies.clock.monotonicMs() - this.#passedAtMs >= this.#checkIntervalMs) await this.#tidyAll();
    }
  }

  /** All but compaction, for all logs. */
  async #tidyAll(): Promise<void> {
    const { clock, logs } = this.#dependencies;
    this.#passedAtMs = clock.monotonicMs();
    this.#sliceBeganMs = this.#passedAtMs;
    for (const log of [...logs()]) {
      if (this.#closing.signal.aborted) return;
      if (log.failure !== undefined) continue;
      await this.#guard(log, () => this.#tidy(log));
      await this.#yieldWhereDue();
    }
  }

  async #tidy(log: Log): Promise<void> {
    const { signal } = this.#closing;
    const described = await log.describeSegments();
    if (signal.aborted) return;
    const { config, logStartOffset, highWatermark } = log;
    const nowMs = this.#retentionClock.nowMs();
    const monotonicMs = this.#dependencies.clock.monotonicMs();
    const sightings = this.#sightingsOf(log);
    sightings.observe(described, monotonicMs);
    const segments = described.map((segment) => ({
      ...segment,
      closedForMs: sightings.closedForMs(segment, monotonicMs),
    }));
    const plan = planRetention({ segments, logStartOffset, highWatermark, config, nowMs });
    const active = described.at(-1);
    const isOld =
      active !== undefined && sightings.activeAgeMs(active, { nowMs, monotonicMs }) >= segmentAgeMsMax(config);
    log.expireProducers(nowMs);
    const firstKept = described[plan.deleteCount];
    // By its offset, not by a count: meanwhile others may have gone.
    if (plan.deleteCount > 0 && firstKept !== undefined) await log.deleteSegmentsBelow(offset(firstKept.baseOffset));
    const isInTheWay = hindersBoundedLog(active?.sizeBytes ?? 0, config);
    if ((plan.rollsActive || isOld || isInTheWay) && !signal.aborted) await log.roll();
  }

  #sightingsOf(log: Log): SegmentSightings {
    const known = this.#sightings.get(log);
    if (known !== undefined) return known;
    const sightings = new SegmentSightings();
    this.#sightings.set(log, sightings);
    return sightings;
  }

  async #guard(log: Log, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!isSluiceError(error, "CLOSED")) this.#dependencies.onError(log, error);
    }
  }

  async #yieldWhereDue(): Promise<void> {
    const { clock } = this.#dependencies;
    if (clock.monotonicMs() - this.#sliceBeganMs < sliceMs) return;
    await sleep(clock, 0, this.#closing.signal).catch(() => {
      // Closing: whoever comes next looks at the signal.
    });
    this.#sliceBeganMs = clock.monotonicMs();
  }
}

function isCompacted(log: HousekeptLog): boolean {
  return log.config["cleanup.policy"] !== "delete";
}
