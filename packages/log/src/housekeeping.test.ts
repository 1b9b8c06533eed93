import { defaultConfig, type Offset, offset, SluiceError, type TopicConfig, topicConfigTable } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { type DescribedSegment, type HousekeptLog, LogHousekeeping } from "./housekeeping.js";

const intervalMs = 300_000;
const dayMs = 86_400_000;

/** All that waits for nothing but microtasks is done after this. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function emptySegment(baseOffset: number): DescribedSegment {
  return { baseOffset, endOffset: baseOffset, sizeBytes: 0, maxTimestampMs: -1, firstTimestampMs: -1 };
}

/** A log that keeps what it was told to do; its active segment is begun anew by `roll`. */
class FakeLog implements HousekeptLog {
  readonly name: string;
  readonly did: string[];
  config: TopicConfig;
  highWatermark: Offset = offset(1_000_000);
  logStartOffset: Offset = offset(0);
  failure: SluiceError | undefined;
  segments: DescribedSegment[] = [emptySegment(0)];
  /** Steps that fail, and with what. */
  readonly failures = new Map<string, Error>();
  /** Called inside each step. */
  during: (step: string) => void | Promise<void> = () => {};

  constructor(name: string, did: string[], config: Partial<TopicConfig> = {}) {
    this.name = name;
    this.did = did;
    this.config = { ...defaultConfig(topicConfigTable), ...config };
  }

  /** A segment of ten offsets and a hundred bytes; the active one where that is empty. */
  add(timestampMs: number): void {
    if (this.segments.at(-1)?.sizeBytes === 0) this.segments.pop();
    const baseOffset = this.segments.at(-1)?.endOffset ?? 0;
    const segment = { baseOffset, endOffset: baseOffset + 10, sizeBytes: 100 };
    this.segments.push({ ...segment, maxTimestampMs: timestampMs, firstTimestampMs: timestampMs });
  }

  async describeSegments(): Promise<readonly DescribedSegment[]> {
    await this.during("describe");
    const failure = this.failures.get("describe");
    if (failure !== undefined) throw failure;
    return [...this.segments];
  }

  async roll(): Promise<void> {
    await this.#step("roll");
    this.segments.push(emptySegment(this.segments.at(-1)?.endOffset ?? 0));
  }

  async deleteSegmentsBelow(endOffset: Offset): Promise<void> {
    const count = this.segments.slice(0, -1).filter((segment) => segment.endOffset <= endOffset).length;
    await this.#step(`delete ${count}`);
    this.segments.splice(0, count);
  }

  async maybeCompact(nowMs: number): Promise<boolean> {
    await this.#step(`compact at ${nowMs}`);
    return true;
  }

  expireProducers(nowMs: number): void {
    this.did.push(`${this.name}: expire at ${nowMs}`);
  }

  async #step(step: string): Promise<void> {
    this.did.push(`${this.name}: ${step}`);
    await this.during(step);
    const failure = this.failures.get(step.split(" ")[0] as string);
    if (failure !== undefined) throw failure;
  }
}

class Fixture {
  readonly clock = new VirtualClock({ nowMs: 1000 * dayMs });
  readonly did: string[] = [];
  readonly logs: FakeLog[] = [];
  readonly errors: string[] = [];
  readonly housekeeping = new LogHousekeeping<FakeLog>(
    {},
    {
      clock: this.clock,
      logs: () => this.logs,
      onError: (log, error) => void this.errors.push(`${log.name}: ${String(error)}`),
    },
  );

  log(config: Partial<TopicConfig> = {}): FakeLog {
    const log = new FakeLog(`log ${this.logs.length}`, this.did, config);
    this.logs.push(log);
    return log;
  }

  /** One run, and what it did apart from the producers. */
  async run(): Promise<string[]> {
    this.did.length = 0;
    await this.housekeeping.runNow();
    return this.did.filter((what) => !what.includes("expire"));
  }
}

describe("LogHousekeeping and retention", () => {
  it("deletes what retention says, and rolls an expired active segment for the next run", async () => {
    const fixture = new Fixture();
    const log = fixture.log({ "retention.ms": dayMs });
    for (let count = 0; count < 3; count += 1) log.add(fixture.clock.nowMs() - dayMs - 1);
    expect(await fixture.run()).toEqual(["log 0: delete 1", "log 0: roll"]);
    expect(await fixture.run()).toEqual(["log 0: delete 1"]);
    expect(await fixture.run()).toEqual(["log 0: delete 1"]);
    expect(await fixture.run()).toEqual([]);
    expect(log.segments.map((segment) => segment.sizeBytes)).toEqual([0]);
  });

  it("goes by the config, the log start and the high watermark of the moment", async () => {
    const fixture = new Fixture();
    const log = fixture.log();
    for (let count = 0; count < 5; count += 1) log.add(fixture.clock.nowMs());
    expect(await fixture.run()).toEqual([]);
    log.logStartOffset = offset(15);
    expect(await fixture.run()).toEqual(["log 0: delete 1"]);
    log.config = { ...log.config, "retention.bytes": 0 };
    log.highWatermark = offset(30);
    expect(await fixture.run()).toEqual(["log 0: delete 2"]);
    log.highWatermark = offset(40);
    expect(await fixture.run()).toEqual(["log 0: delete 1"]);
  });

  it("deletes nothing because the wall clock jumped ahead, and says that it is held back", async () => {
    const fixture = new Fixture();
    const log = fixture.log({ "retention.ms": dayMs, "segment.ms": 1000 * dayMs });
    log.add(fixture.clock.nowMs());
    log.add(fixture.clock.nowMs());
    fixture.clock.jumpWallTime(100 * dayMs);
    expect(await fixture.run()).toEqual([]);
    expect(fixture.housekeeping.clockHeldBackMs).toBe(100 * dayMs);
    fixture.clock.jumpWallTime(-100 * dayMs);
    fixture.clock.advance(dayMs);
    expect(await fixture.run()).toEqual([]);
    fixture.clock.advance(1);
    expect(await fixture.run()).toEqual(["log 0: delete 1", "log 0: roll"]);
  });

  it("deletes a segment with timestamps in the future once it has been closed for retention.ms", async () => {
    const fixture = new Fixture();
    const log = fixture.log({ "retention.ms": dayMs, "segment.ms": 1000 * dayMs });
    log.add(fixture.clock.nowMs() + 500 * dayMs);
    log.add(fixture.clock.nowMs() + 500 * dayMs);
    expect(await fixture.run()).toEqual([]);
    fixture.clock.advance(dayMs);
    expect(await fixture.run()).toEqual([]);
    fixture.clock.advance(1);
    expect(await fixture.run()).toEqual(["log 0: delete 1"]);
  });
});

describe("LogHousekeeping and other work", () => {
  it("rolls an active segment whose first record is segment.ms old, by its timestamp or by the time it came", async () => {
    const fixture = new Fixture();
    const log = fixture.log({ "segment.ms": dayMs, "retention.ms": -1 });
    log.add(fixture.clock.nowMs() - dayMs + 1);
    expect(await fixture.run()).toEqual([]);
    fixture.clock.advance(1);
    expect(await fixture.run()).toEqual(["log 0: roll"]);
    expect(await fixture.run()).toEqual([]);
    // Old records that were appended now: the segment is not a day old.
    log.add(0);
    expect(await fixture.run()).toEqual([]);
    fixture.clock.advance(dayMs - 1);
    expect(await fixture.run()).toEqual([]);
    fixture.clock.advance(1);
    expect(await fixture.run()).toEqual(["log 0: roll"]);
  });

  it("compacts the logs whose policy says so, one after the other, after the rest is done for all", async () => {
    const fixture = new Fixture();
    for (const policy of ["compact", "delete", "compact,delete"] as const) {
      const log = fixture.log({ "cleanup.policy": policy, "retention.bytes": 0 });
      log.add(fixture.clock.nowMs());
      log.add(fixture.clock.nowMs());
    }
    const nowMs = fixture.clock.nowMs();
    expect(await fixture.run()).toEqual([
      "log 1: delete 1",
      "log 2: delete 1",
      `log 0: compact at ${nowMs}`,
      `log 2: compact at ${nowMs}`,
    ]);
  });

  it("does the rest between two compactions when it is due again", async () => {
    const fixture = new Fixture();
    const [first] = [fixture.log({ "cleanup.policy": "compact" }), fixture.log({ "cleanup.policy": "compact" })];
    first.during = (step) => {
      if (step.startsWith("compact")) fixture.clock.advance(intervalMs);
    };
    const running = fixture.housekeeping.runNow();
    await settled();
    fixture.clock.advance(1);
    await running;
    expect(fixture.did.map((what) => what.replace(/ at .*/, ""))).toEqual([
      "log 0: expire",
      "log 1: expire",
      "log 0: compact",
      "log 0: expire",
      "log 1: expire",
      "log 1: compact",
    ]);
  });

  it("expires producers by a time that does not jump", async () => {
    const fixture = new Fixture();
    fixture.log().add(0);
    const nowMs = fixture.clock.nowMs();
    fixture.clock.jumpWallTime(10 * dayMs);
    await fixture.run();
    expect(fixture.did).toContain(`log 0: expire at ${nowMs}`);
  });
});

describe("LogHousekeeping and failures", () => {
  it("reports a log that fails and goes on with the others", async () => {
    const fixture = new Fixture();
    for (const step of ["describe", "delete", "roll", "compact", "none"]) {
      const log = fixture.log({ "cleanup.policy": "compact,delete", "retention.ms": 0 });
      log.add(1);
      log.add(1);
      log.failures.set(step, new Error(`${step} fails`));
    }
    await fixture.run();
    expect(fixture.errors).toEqual([
      "log 0: Error: describe fails",
      "log 1: Error: delete fails",
      "log 2: Error: roll fails",
      "log 3: Error: compact fails",
    ]);
    expect(fixture.logs[4]?.segments).toHaveLength(2);
    expect(fixture.did.filter((what) => what.includes("compact"))).toHaveLength(5);
  });

  it("leaves a log alone that is offline, and does not report one that was closed", async () => {
    const fixture = new Fixture();
    fixture.log({ "cleanup.policy": "compact" }).failure = new SluiceError("CLOSED", { subject: "a log" });
    fixture.log().failures.set("describe", new SluiceError("CLOSED", { subject: "a log" }));
    expect(await fixture.run()).toEqual([]);
    expect([fixture.did, fixture.errors]).toEqual([[], []]);
  });
});

describe("LogHousekeeping over time", () => {
  it("runs every checkIntervalMs, the first time one interval after the start", async () => {
    const fixture = new Fixture();
    fixture.log().add(fixture.clock.nowMs());
    fixture.housekeeping.start();
    const runs: number[] = [];
    for (let step = 0; step < 6; step += 1) {
      fixture.clock.advance(intervalMs / 2);
      await settled();
      runs.push(fixture.did.length);
    }
    expect(runs).toEqual([0, 1, 1, 2, 2, 3]);
    await fixture.housekeeping.close();
    expect(fixture.clock.timerCount).toBe(0);
  });

  it("makes one run at a time, and one more for all who ask meanwhile", async () => {
    const fixture = new Fixture();
    const log = fixture.log();
    let underWay = 0;
    let overlap = 0;
    let release = (): void => {};
    log.during = async () => {
      underWay += 1;
      overlap = Math.max(overlap, underWay);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      underWay -= 1;
    };
    log.add(fixture.clock.nowMs());
    const first = fixture.housekeeping.runNow();
    await settled();
    const others = [fixture.housekeeping.runNow(), fixture.housekeeping.runNow()];
    release();
    await first;
    expect(fixture.did).toHaveLength(1);
    await settled();
    release();
    await Promise.all(others);
    expect([fixture.did.length, overlap]).toEqual([2, 1]);
  });

  it("gives other work its turn when it has worked for some milliseconds", async () => {
    const fixture = new Fixture();
    for (let count = 0; count < 4; count += 1) {
      fixture.log().during = () => fixture.clock.advance(3);
    }
    let isDone = false;
    const running = fixture.housekeeping.runNow().then(() => {
      isDone = true;
    });
    await settled();
    expect([isDone, fixture.did.length, fixture.clock.nextTimerMs]).toEqual([false, 2, 0]);
    fixture.clock.advance(0);
    await settled();
    expect([isDone, fixture.did.length]).toEqual([false, 4]);
    fixture.clock.advance(0);
    await running;
  });

  it("waits at close for the step under way and begins no other", async () => {
    const fixture = new Fixture();
    const log = fixture.log({ "cleanup.policy": "compact,delete", "retention.ms": 0 });
    fixture.log();
    log.add(1);
    log.add(1);
    let release = (): void => {};
    log.during = (step) =>
      step === "describe"
        ? undefined
        : new Promise<void>((resolve) => {
            release = resolve;
          });
    fixture.housekeeping.start();
    fixture.clock.advance(intervalMs);
    await settled();
    let isClosed = false;
    const closing = fixture.housekeeping.close().then(() => {
      isClosed = true;
    });
    await settled();
    expect(isClosed).toBe(false);
    release();
    await closing;
    await settled();
    expect(fixture.did.filter((what) => !what.includes("expire"))).toEqual(["log 0: delete 1"]);
    expect(fixture.clock.timerCount).toBe(0);
    await expect(fixture.housekeeping.runNow()).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("ends a run that gives other work its turn when it is closed", async () => {
    const fixture = new Fixture();
    for (let count = 0; count < 2; count += 1) fixture.log().during = () => fixture.clock.advance(10);
    const running = fixture.housekeeping.runNow();
    await settled();
    expect(fixture.clock.timerCount).toBe(1);
    await fixture.housekeeping.close();
    await running;
    expect([fixture.did.length, fixture.clock.timerCount]).toEqual([1, 0]);
  });
});
