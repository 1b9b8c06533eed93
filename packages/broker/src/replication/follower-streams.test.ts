import { type ClusterImage, emptyImage } from "@sluice/cluster";
import { brokerId, leaderEpoch, offset, type ServedMethod, SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import type { ReplicateRequest, ReplicateResponse } from "@sluice/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.js";
import { RecordingStream } from "../testing/recording-stream.js";
import { type LedReplica, LedReplicas, RecordingObserver, replicaName } from "../testing/replica-fakes.js";
import { FollowerStreams, type FollowerStreamsOptions } from "./follower-streams.js";
import { keepAliveRequest } from "./keep-alive.js";
import type { ReplicaName } from "./replica-access.js";

type Stream = RecordingStream<ReplicateRequest, ReplicateResponse>;

const follower = { replica: brokerId(2), brokerEpoch: 20, leaderBrokerEpoch: 10 };
const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

let clock: VirtualClock;
let partitions: LedReplicas;
let observer: RecordingObserver;
let streams: FollowerStreams;
let served: ServedMethod;

function start(options: Partial<FollowerStreamsOptions> = {}): void {
  streams = new FollowerStreams(
    {
      brokerId: brokerId(1),
      fetchBytesMax: 4 * mebibyte,
      catchUpBytesPerSecMax: 0,
      reassignmentBytesPerSecMax: 0,
      ...options,
    },
    { partitions, observer, clock, logger: silentLogger },
  );
  served = streams.served();
}

beforeEach(() => {
  clock = new VirtualClock();
  partitions = new LedReplicas();
  observer = new RecordingObserver();
  start();
});

/** An image in which brokers are registered: id → brokerEpoch. */
function imageWith(revision: number, registrations: Readonly<Record<number, number>>): ClusterImage {
  const brokers = Object.entries(registrations).map(([id, brokerEpoch]) => {
    const life = { incarnation: "a", isActive: true, stateVersion: brokerEpoch, listeners: {} };
    return { id: brokerId(Number(id)), brokerEpoch, host: "127.0.0.1", port: 1, rack: "", ...life };
  });
  return { ...emptyImage, revision, brokers: new Map(brokers.map((broker) => [broker.id, broker])) };
}

function open(identity = follower): Stream {
  const stream: Stream = new RecordingStream(served);
  stream.receive(keepAliveRequest(identity));
  return stream;
}

/** A stream of the follower that is served, from which the answer to its first message was taken. */
function openAccepted(): Stream {
  streams.apply(imageWith(30, { 1: 10, 2: 20 }), 10);
  const stream = open();
  expect(stream.sent.splice(0)).toMatchObject([{ topicId: "" }]);
  return stream;
}

function position(name: ReplicaName, fetchOffset: number, more: Partial<ReplicateRequest> = {}): ReplicateRequest {
  return {
    ...keepAliveRequest(follower),
    ...name,
    leaderEpoch: 3,
    fetchOffset,
    flushedOffset: fetchOffset,
    ...more,
  };
}

function restart(stream: Stream, { topicId, partition }: LedReplica, fetchOffset = 0): void {
  stream.receive(position({ topicId, partition }, fetchOffset, { restart: true }));
}

/** Everything that needs no time has happened. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
}

function rangesOf(stream: Stream): string[] {
  return stream.sent
    .filter((message) => message.nextOffset > message.fetchOffset)
    .map(({ topicId, fetchOffset, nextOffset }) => `${topicId.slice(-1)}: ${fetchOffset}..${nextOffset}`);
}

describe("who follows", () => {
  it("is served under the registration that the image shows", () => {
    const stream = openAccepted();
    expect(stream.isPaused).toBe(false);
    expect(observer.told).toEqual(["heard 2 20"]);
    expect(streams.isFollowing(follower.replica, 20)).toBe(true);
  });

  it("waits, unread, for an image that can know of its registration", () => {
    const stream = open();
    expect(stream).toMatchObject({ isPaused: true, sent: [] });
    streams.apply(imageWith(19, { 1: 10 }), 10);
    expect(stream).toMatchObject({ isPaused: true, sent: [] });
    streams.apply(imageWith(20, { 1: 10, 2: 20 }), 10);
    expect(stream).toMatchObject({ isPaused: false, abortedWith: undefined });
    expect(stream.sent).toHaveLength(1);
  });

  it("is refused where it has registered anew since, or never has", () => {
    streams.apply(imageWith(30, { 1: 10, 2: 21 }), 10);
    expect(open().abortedWith).toMatchObject({ code: "STALE_BROKER_EPOCH", details: { epoch: 20, currentEpoch: 21 } });
    expect(open({ ...follower, brokerEpoch: 25 }).abortedWith).toMatchObject({ code: "INVALID_REQUEST" });
    expect(observer.told).toEqual([]);
  });

  it("waits, unheard, while this broker is not registered, and is refused where it means another life of it", () => {
    const image = imageWith(30, { 1: 9, 2: 20 });
    streams.apply(image, undefined);
    const ofEarlier = open({ ...follower, leaderBrokerEpoch: 9 });
    const ofThis = open();
    expect([ofEarlier, ofThis]).toMatchObject([
      { isPaused: true, sent: [] },
      { isPaused: true, sent: [] },
    ]);
    streams.apply(image, 10);
    expect(ofEarlier.abortedWith).toMatchObject({ code: "STALE_BROKER_EPOCH", details: { broker: 1, epoch: 9 } });
    expect(observer.told).toEqual(["heard 2 20"]);
    expect(ofThis).toMatchObject({ isPaused: false, abortedWith: undefined });
  });

  it("is served on when this broker has no registration for a while", () => {
    const stream = openAccepted();
    streams.apply(imageWith(31, { 2: 20 }), undefined);
    expect(stream.abortedWith).toBeUndefined();
    expect(open()).toMatchObject({ isPaused: false, abortedWith: undefined });
  });

  it("is served on when its registration ends, and cut off when it has a newer one", () => {
    const stream = openAccepted();
    const last = { brokerEpoch: 20, isActive: true, version: 20 };
    streams.apply({ ...imageWith(31, { 1: 10 }), lastRegistrations: new Map([[follower.replica, last]]) }, 10);
    expect(stream.abortedWith).toBeUndefined();
    streams.apply(imageWith(32, { 1: 10, 2: 32 }), 10);
    expect(stream.abortedWith).toMatchObject({ code: "STALE_BROKER_EPOCH" });
  });

  it("has one stream: a newer one takes the place of the older", () => {
    const first = openAccepted();
    const second = open();
    expect(first.abortedWith).toMatchObject({ code: "CLOSED" });
    expect(second.sent).toHaveLength(1);
    expect(observer.told).not.toContain("ended 2");
  });

  it("cannot speak for another registration on its stream", () => {
    const stream = openAccepted();
    expect(() => stream.receive(keepAliveRequest({ ...follower, brokerEpoch: 21 }))).toThrow(/one registration/);
  });

  it("must say who it is, and be known, within ten seconds", () => {
    const silent: Stream = new RecordingStream(served);
    const unknown = open();
    clock.advance(9_500);
    expect([silent, unknown].map(({ abortedWith }) => abortedWith)).toEqual([undefined, undefined]);
    clock.advance(1_000);
    expect(silent.abortedWith).toMatchObject({ code: "REQUEST_TIMED_OUT" });
    expect(unknown.abortedWith).toMatchObject({ code: "REQUEST_TIMED_OUT" });
    expect(clock.timerCount).toBe(0);
  });

  it("cannot keep more than so many streams open without being known", () => {
    for (let i = 0; i < 256; i += 1) open();
    expect(() => open()).toThrow(expect.objectContaining({ code: "RESOURCE_EXHAUSTED" }));
  });
});

describe("records", () => {
  it("are sent from where the follower asked, as they come, with the marks", async () => {
    const partition = partitions.add(replicaName(1));
    partition.append(2, 100);
    partition.marks = { highWatermark: offset(1), logStartOffset: offset(0) };
    const stream = openAccepted();
    restart(stream, partition, 1);
    await settle();
    expect(stream.sent).toMatchObject([
      { topicId: partition.topicId, leaderEpoch: 3, fetchOffset: 1, nextOffset: 2, highWatermark: 1, error: undefined },
    ]);
    partition.append(1, 100);
    await settle();
    expect(rangesOf(stream)).toEqual(["1: 1..2", "1: 2..3"]);
  });

  it.each([
    ["inSync", 256 * kibibyte],
    ["catchUp", mebibyte],
  ] as const)(
    "that are placed in one turn go in one message (%s), up to a bound or one batch",
    async (traffic, bound) => {
      const partition = partitions.add(replicaName(1));
      partition.traffic = traffic;
      const stream = openAccepted();
      restart(stream, partition);
      await settle();
      for (let i = 0; i < 5; i += 1) partition.append(1, 0.3 * bound);
      await settle();
      expect(rangesOf(stream)).toEqual(["1: 0..3", "1: 3..5"]);
      stream.receive(position(partition, 5));
      partition.append(2, 1.5 * bound);
      await settle();
      expect(rangesOf(stream).slice(2)).toEqual(["1: 5..6", "1: 6..7"]);
    },
  );

  it("are sent no further ahead than the window, until the follower has some of them", async () => {
    start({ fetchBytesMax: mebibyte });
    const partition = partitions.add(replicaName(1));
    partition.append(10, 512 * kibibyte);
    const stream = openAccepted();
    restart(stream, partition);
    await settle();
    expect(rangesOf(stream)).toEqual(["1: 0..1", "1: 1..2"]);
    stream.receive(position(partition, 0));
    await settle();
    expect(rangesOf(stream)).toHaveLength(2);
    stream.receive(position(partition, 1));
    await settle();
    expect(rangesOf(stream).slice(2)).toEqual(["1: 2..3"]);
  });

  it("of several partitions take turns", async () => {
    const all = [1, 2, 3].map((number) => partitions.add(replicaName(number)));
    const stream = openAccepted();
    for (const partition of all) {
      partition.append(2, mebibyte);
      restart(stream, partition);
    }
    await settle();
    expect(rangesOf(stream)).toEqual(["1: 0..1", "2: 0..1", "3: 0..1", "1: 1..2", "2: 1..2", "3: 1..2"]);
  });

  it("of all partitions together stay within a bound, and every partition has a part of it", async () => {
    const all = Array.from({ length: 80 }, (_, i) => partitions.add(replicaName(i)));
    const stream = openAccepted();
    for (const partition of all) {
      partition.append(4, mebibyte);
      restart(stream, partition);
    }
    await settle();
    await settle();
    const sentBytes = stream.sent.reduce((sum, { records }) => sum + records.length, 0);
    expect(sentBytes).toBe(80 * mebibyte);
    expect(all.every(({ topicId }) => stream.sent.some((message) => message.topicId === topicId))).toBe(true);
  });

  it("wait while the follower does not take them, and go on when it does", async () => {
    const partition = partitions.add(replicaName(1));
    const stream = openAccepted();
    stream.isBlocked = true;
    restart(stream, partition);
    partition.append(3, mebibyte);
    await settle();
    expect(rangesOf(stream)).toEqual(["1: 0..1"]);
    stream.unblock();
    await settle();
    expect(rangesOf(stream)).toEqual(["1: 0..1", "1: 1..2", "1: 2..3"]);
  });

  it("that were read in an epoch that is over are not sent", async () => {
    const partition = partitions.add(replicaName(1));
    partition.append(1, 100);
    let release = (): void => undefined;
    partition.readGate = new Promise((resolve) => {
      release = resolve;
    });
    const stream = openAccepted();
    restart(stream, partition);
    await settle();
    partition.sender?.stop();
    release();
    await settle();
    expect(rangesOf(stream)).toEqual([]);
    restart(stream, partition);
    await settle();
    expect(rangesOf(stream)).toEqual(["1: 0..1"]);
  });

  it("that are placed while a read finds nothing are not forgotten", async () => {
    const partition = partitions.add(replicaName(1));
    partition.readGate = Promise.resolve();
    const stream = openAccepted();
    restart(stream, partition);
    await Promise.resolve();
    partition.append(1, 100);
    await settle();
    expect(rangesOf(stream)).toEqual(["1: 0..1"]);
    const { readCount } = partition;
    await settle();
    expect(partition.readCount).toBe(readCount);
  });

  it("are read at most four at a time for followers that are behind", async () => {
    const all = Array.from({ length: 9 }, (_, i) => partitions.add(replicaName(i)));
    const stream = openAccepted();
    for (const partition of all) {
      partition.traffic = "catchUp";
      partition.readGate = new Promise(() => undefined);
      restart(stream, partition);
    }
    await settle();
    expect(all.filter(({ readCount }) => readCount > 0)).toHaveLength(4);
  });

  it("that cannot be read are refused with the reason", async () => {
    const partition = partitions.add(replicaName(1));
    partition.readGate = Promise.reject(new SluiceError("CLOSED", { subject: "The log" }));
    const stream = openAccepted();
    restart(stream, partition);
    await settle();
    expect(stream.sent).toMatchObject([{ topicId: partition.topicId, leaderEpoch: 3, error: { code: "CLOSED" } }]);
  });
});

describe("marks", () => {
  it("that move without records are told within 100 ms, once", async () => {
    const [partition, other] = [partitions.add(replicaName(1)), partitions.add(replicaName(2))];
    const stream = openAccepted();
    restart(stream, partition);
    restart(stream, other);
    clock.advance(100);
    await settle();
    stream.sent.splice(0);
    partition.marks = { highWatermark: offset(0), logStartOffset: offset(0) };
    for (let i = 0; i < 10; i += 1) partition.sender?.marksMoved();
    clock.advance(99);
    expect(stream.sent).toEqual([]);
    clock.advance(1);
    expect(stream.sent).toMatchObject([{ topicId: partition.topicId, fetchOffset: 0, nextOffset: 0 }]);
  });

  it("that were told with records are not told again", async () => {
    const partition = partitions.add(replicaName(1));
    const stream = openAccepted();
    restart(stream, partition);
    partition.sender?.marksMoved();
    partition.append(1, 10);
    await settle();
    clock.advance(400);
    expect(stream.sent).toHaveLength(1);
  });

  it("wait while the follower takes nothing", async () => {
    const partition = partitions.add(replicaName(1));
    const stream = openAccepted();
    stream.isBlocked = true;
    restart(stream, partition);
    partition.append(1, 10);
    await settle();
    for (let i = 0; i < 30; i += 1) {
      partition.sender?.marksMoved();
      clock.advance(100);
    }
    expect(stream.sent).toHaveLength(1);
    stream.unblock();
    clock.advance(100);
    expect(stream.sent).toHaveLength(2);
  });
});

describe("what is behind", () => {
  it("is sent after what is in sync, but for one turn in eight", async () => {
    start({ fetchBytesMax: 64 * mebibyte });
    const [behind, current] = [partitions.add(replicaName(1)), partitions.add(replicaName(2))];
    behind.traffic = "catchUp";
    behind.append(4, mebibyte);
    current.append(20, mebibyte);
    const stream = openAccepted();
    restart(stream, behind);
    restart(stream, current);
    await settle();
    const order = rangesOf(stream).map((range) => range.charAt(0));
    expect(order.join("")).toBe("222222212222222122222211");
  });

  it.each([
    ["catchUp", { catchUpBytesPerSecMax: mebibyte }],
    ["reassignment", { reassignmentBytesPerSecMax: mebibyte }],
  ] as const)("(%s) stays within its budget", async (traffic, options) => {
    start({ fetchBytesMax: 64 * mebibyte, ...options });
    const all = [1, 2].map((number) => partitions.add(replicaName(number)));
    const stream = openAccepted();
    for (const partition of all) {
      partition.traffic = traffic;
      partition.append(200, 128 * kibibyte);
      restart(stream, partition);
    }
    for (let i = 0; i < 1000; i += 1) {
      await settle();
      clock.advance(10);
    }
    const [first = 0, second = 0] = all.map(({ topicId }) => bytesOf(stream, topicId) / mebibyte);
    expect(first + second).toBeGreaterThan(9.5);
    expect(first + second).toBeLessThan(12);
    expect(Math.abs(first - second)).toBeLessThanOrEqual(1);
  });

  it("waits for its budget no longer once it is in sync", async () => {
    start({ catchUpBytesPerSecMax: 1000 });
    const partition = partitions.add(replicaName(1));
    partition.traffic = "catchUp";
    partition.append(2, mebibyte);
    const stream = openAccepted();
    restart(stream, partition);
    await settle();
    expect(rangesOf(stream)).toEqual(["1: 0..1"]);
    partition.traffic = "inSync";
    partition.append(1, 10);
    await settle();
    expect(rangesOf(stream)).toEqual(["1: 0..1", "1: 1..2", "1: 2..3"]);
  });

  it("does not hold up what is in sync", async () => {
    start({ catchUpBytesPerSecMax: 1000 });
    const behind = partitions.add(replicaName(1));
    behind.traffic = "catchUp";
    behind.append(10, mebibyte);
    const current = partitions.add(replicaName(2));
    const stream = openAccepted();
    restart(stream, behind);
    restart(stream, current);
    await settle();
    current.append(1, 10);
    await settle();
    expect(rangesOf(stream)).toEqual(["1: 0..1", "2: 0..1"]);
  });
});

describe("answers", () => {
  it("go to who asked: a refusal, and a divergence", () => {
    const partition = partitions.add(replicaName(1));
    partition.refusal = new SluiceError("FENCED_LEADER_EPOCH", { topic: "t", partition: 0, epoch: 2, currentEpoch: 3 });
    const stream = openAccepted();
    restart(stream, partition);
    expect(stream.sent).toMatchObject([{ topicId: partition.topicId, error: { code: "FENCED_LEADER_EPOCH" } }]);
    partition.sender?.sendDivergence(leaderEpoch(3), { epoch: leaderEpoch(1), endOffset: offset(7) });
    expect(stream.sent[1]).toMatchObject({ diverging: { epoch: 1, endOffset: 7 }, leaderEpoch: 3 });
  });

  it("of who leads nothing are in the epoch of the question", () => {
    const partition = partitions.add(replicaName(1));
    const stream = openAccepted();
    stream.receive(position(replicaName(9), 0, { leaderEpoch: 5 }));
    expect(stream.sent).toMatchObject([{ ...replicaName(9), leaderEpoch: 5, error: { code: "UNKNOWN_TOPIC" } }]);
    restart(stream, partition);
    partition.sender?.refuse(
      undefined,
      new SluiceError("NOT_LEADER", { topic: "t", partition: 0, broker: 1, leader: 2 }),
    );
    expect(stream.sent.at(-1)).toMatchObject({ leaderEpoch: 3, error: { code: "NOT_LEADER" } });
  });

  it("wait until the partition is open, or cannot be", () => {
    const [opens, fails] = [replicaName(1), replicaName(2)];
    partitions.beginOpening(opens);
    partitions.beginOpening(fails);
    const stream = openAccepted();
    for (const name of [opens, fails]) {
      stream.receive(position(name, 0, { restart: true }));
      stream.receive(position(name, 2));
    }
    expect(stream.sent).toEqual([]);
    const partition = partitions.endOpening(opens, true);
    expect(partition?.positions).toMatchObject([{ fetchOffset: 2, isRestart: true }]);
    partitions.endOpening(fails, false);
    expect(stream.sent).toMatchObject([{ ...fails, leaderEpoch: 3, error: { code: "UNKNOWN_TOPIC" } }]);
    partitions.endOpening(opens, true);
    expect(partition?.positions).toHaveLength(1);
  });

  it("are not given of what the follower has forgotten before it was open", () => {
    const name = replicaName(1);
    partitions.beginOpening(name);
    const stream = openAccepted();
    stream.receive(position(name, 0, { restart: true }));
    stream.receive(position(name, 0, { forget: true }));
    expect(partitions.endOpening(name, true)?.positions).toEqual([]);
  });

  it("that the follower asks for and does not take stop the reading of its stream", () => {
    const stream = openAccepted();
    stream.isBlocked = true;
    for (let i = 0; i < 10_100; i += 1) if (!stream.isPaused) stream.receive(position(replicaName(9), 0));
    expect(stream.isPaused).toBe(true);
    expect(stream.sent.length).toBeLessThan(10_100);
    stream.unblock();
    expect(stream.isPaused).toBe(false);
  });
});

describe("the end", () => {
  it("of a partition is told with the epoch that the follower is in", async () => {
    const partition = partitions.add(replicaName(1));
    const stream = openAccepted();
    restart(stream, partition);
    stream.receive(position(partition, 0, { forget: true, leaderEpoch: 4 }));
    expect(partition.closed).toEqual([4]);
    partition.append(1, 10);
    await settle();
    expect(rangesOf(stream)).toEqual([]);
  });

  it("of a partition that was closed here is an answer to the next message", () => {
    const partition = partitions.add(replicaName(1));
    const stream = openAccepted();
    restart(stream, partition);
    partitions.remove(partition);
    stream.receive(position(partition, 0));
    expect(stream.sent).toMatchObject([{ topicId: partition.topicId, error: { code: "UNKNOWN_TOPIC" } }]);
  });

  it("of a stream closes its senders, and is told to the observer", () => {
    const partition = partitions.add(replicaName(1));
    const stream = openAccepted();
    restart(stream, partition);
    stream.disconnect(new SluiceError("CANCELLED", { operation: "x" }));
    expect(partition.closed).toEqual([undefined]);
    expect(observer.told).toEqual(["heard 2 20", "ended 2"]);
    expect(streams.isFollowing(follower.replica, 20)).toBe(false);
  });

  it("of a follower that stops is told as such", () => {
    const stream = openAccepted();
    stream.receive({ ...keepAliveRequest(follower), stopping: true });
    stream.finish();
    expect(stream.hasEnded).toBe(true);
    expect(observer.told).toEqual(["heard 2 20", "stopping 2 20", "ended 2"]);
  });

  it("without a word does not say that the follower stops", () => {
    const stream = openAccepted();
    stream.finish();
    expect(stream.hasEnded).toBe(true);
    expect(observer.told).toEqual(["heard 2 20", "ended 2"]);
  });

  it("of the broker ends all streams and leaves no timer behind", () => {
    start({ catchUpBytesPerSecMax: 1000 });
    const partition = partitions.add(replicaName(1));
    partition.traffic = "catchUp";
    const stream = openAccepted();
    restart(stream, partition);
    const waiting = open({ ...follower, replica: brokerId(3), brokerEpoch: 99 });
    streams.close();
    expect([stream.hasEnded, waiting.hasEnded]).toEqual([true, true]);
    expect(() => open()).toThrow(expect.objectContaining({ code: "BROKER_STOPPING" }));
    expect(clock.timerCount).toBe(0);
  });
});

describe("keep-alives", () => {
  it("are sent every 500 ms from one timer, whatever is followed", () => {
    const stream = openAccepted();
    clock.advance(2_000);
    expect(stream.sent).toHaveLength(4);
    expect(stream.sent.every(({ topicId }) => topicId === "")).toBe(true);
    expect(clock.timerCount).toBe(1);
  });

  it("of the follower are told to the observer, not all of those in short order", () => {
    const stream = openAccepted();
    for (let i = 0; i < 50; i += 1) {
      stream.receive(keepAliveRequest(follower));
      clock.advance(10);
    }
    expect(observer.told).toHaveLength(5);
  });
});

function bytesOf(stream: Stream, topicId: string): number {
  return stream.sent.reduce((sum, message) => sum + (message.topicId === topicId ? message.records.length : 0), 0);
}
