import { type ClusterImage, emptyImage } from "@sluice/cluster";
import {
  type BrokerAddress,
  brokerId,
  leaderEpoch,
  offset,
  SluiceError,
  type StreamListener,
  type TransportServer,
} from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import type { ReplicateRequest } from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.js";
import { MemoryTransport } from "../testing/memory-transport.js";
import { FollowedReplica, LedReplicas, RecordingObserver, replicaName } from "../testing/replica-fakes.js";
import { FollowerStreams } from "./follower-streams.js";
import { keepAliveResponse } from "./keep-alive.js";
import { PeerStreams } from "./peer-streams.js";

/** A broker that leads partitions. */
interface Leader {
  readonly partitions: LedReplicas;
  readonly observer: RecordingObserver;
  readonly streams: FollowerStreams;
  readonly server: TransportServer;
  readonly address: BrokerAddress;
}

const self = brokerId(1);
const [first, second] = [brokerId(2), brokerId(3)];

let clock: VirtualClock;
let transport: MemoryTransport;
let observer: RecordingObserver;
let streams: PeerStreams;
const leaders = new Map<number, Leader>();

beforeEach(() => {
  clock = new VirtualClock();
  transport = new MemoryTransport();
  observer = new RecordingObserver();
  const random = new SeededRandom(1);
  streams = new PeerStreams({ brokerId: self }, { transport, clock, random, observer, logger: silentLogger });
});

afterEach(async () => {
  const closing = streams.close();
  clock.advance(1_000);
  await closing;
  for (const leader of leaders.values()) await stop(leader);
  leaders.clear();
  expect(clock.timerCount).toBe(0);
});

async function startLeader(id: number): Promise<Leader> {
  const partitions = new LedReplicas();
  const watching = new RecordingObserver();
  const limits = { fetchBytesMax: 1024 * 1024, catchUpBytesPerSecMax: 0, reassignmentBytesPerSecMax: 0 };
  const dependencies = { partitions, observer: watching, clock, logger: silentLogger };
  const following = new FollowerStreams({ brokerId: brokerId(id), ...limits }, dependencies);
  const host = "127.0.0.1";
  const server = await transport.listen({ host, port: 9000 + id }, [following.served()]);
  const leader = { partitions, observer: watching, streams: following, server, address: { host, port: server.port } };
  leaders.set(id, leader);
  return leader;
}

async function stop({ streams: following, server }: Leader): Promise<void> {
  following.close();
  await server.close(0);
}

/** An image in which brokers are registered: id → brokerEpoch. All of them see it. */
function register(registrations: Readonly<Record<number, number>>, revision = 100): ClusterImage {
  const brokers = Object.entries(registrations).map(([id, brokerEpoch]) => {
    const life = { incarnation: "a", isActive: true, stateVersion: brokerEpoch, listeners: {} };
    return { id: brokerId(Number(id)), brokerEpoch, host: "127.0.0.1", port: 9000 + Number(id), rack: "", ...life };
  });
  const image = { ...emptyImage, revision, brokers: new Map(brokers.map((broker) => [broker.id, broker])) };
  for (const [id, leader] of leaders) leader.streams.apply(image, registrations[id]);
  streams.apply(image, registrations[self]);
  return image;
}

async function settle(): Promise<void> {
  for (let i = 0; i < 100; i += 1) await Promise.resolve();
}

/** Lets time pass in small steps, and everything that follows from it happen. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    clock.advance(Math.min(left, 50));
    await settle();
  }
}

describe("streams", () => {
  it("are open to every other registered broker, whether anything is followed there or not", async () => {
    const [one, other] = [await startLeader(2), await startLeader(3)];
    register({ 1: 10, 2: 20, 3: 30 });
    await settle();
    expect([first, second].map((id) => streams.isConnected(id))).toEqual([true, true]);
    expect([one, other].map((leader) => leader.streams.isFollowing(self, 10))).toEqual([true, true]);
    expect(transport.openedCount).toBe(2);
    expect(observer.told.sort()).toEqual(["heard 2 20", "heard 3 30"]);
  });

  it("are not opened before this broker is registered", async () => {
    await startLeader(2);
    register({ 2: 20 });
    await settle();
    expect(transport.openedCount).toBe(0);
    register({ 1: 10, 2: 20 });
    await settle();
    expect(streams.isConnected(first)).toBe(true);
  });

  it("that break are opened again, ever more rarely, and at once when the peer has registered anew", async () => {
    const { address } = await startLeader(2);
    register({ 1: 10, 2: 20 });
    await settle();
    transport.cut(address);
    await settle();
    expect(observer.told).toEqual(["heard 2 20", "ended 2"]);
    await pass(20_000);
    const attempts = transport.openedCount;
    expect(attempts).toBeGreaterThan(10);
    expect(attempts).toBeLessThan(30);
    transport.mend(address);
    register({ 1: 10, 2: 21 });
    await settle();
    expect(transport.openedCount).toBe(attempts + 1);
    expect(streams.isConnected(first)).toBe(true);
    // What could not be reached was not heard to end.
    expect(observer.told.filter((told) => told === "ended 2")).toHaveLength(1);
  });

  it("are opened anew under a new registration of this broker", async () => {
    const leader = await startLeader(2);
    const partition = leader.partitions.add(replicaName(1));
    const followed = new FollowedReplica(replicaName(1), streams);
    register({ 1: 10, 2: 20 });
    streams.follow(followed, first);
    await settle();
    register({ 1: 11, 2: 20 });
    await settle();
    expect(leader.streams.isFollowing(self, 11)).toBe(true);
    expect(followed.connections).toEqual([first, first]);
    expect(partition.positions.map(({ isRestart }) => isRestart)).toEqual([true, true]);
    expect(leader.observer.told).not.toContain("stopping 1 10");
  });

  it("stay open when a registration ends, and are not opened again when they break then", async () => {
    const { address } = await startLeader(2);
    register({ 1: 10, 2: 20 });
    await settle();
    register({ 1: 10 });
    await settle();
    expect(streams.isConnected(first)).toBe(true);
    transport.cut(address);
    await pass(5_000);
    expect(transport.openedCount).toBe(1);
  });

  it("say something every 500 ms in both directions", async () => {
    const leader = await startLeader(2);
    register({ 1: 10, 2: 20 });
    await settle();
    await pass(3_000);
    expect(observer.told.length).toBeGreaterThanOrEqual(6);
    expect(leader.observer.told.length).toBeGreaterThanOrEqual(6);
  });
});

describe("a partition that follows", () => {
  it("is told when its leader can be asked, asks, and gets records and marks", async () => {
    const leader = await startLeader(2);
    const led = leader.partitions.add(replicaName(1));
    led.append(3, 1000);
    const followed = new FollowedReplica(replicaName(1), streams);
    streams.follow(followed, first);
    expect(followed.connections).toEqual([]);
    register({ 1: 10, 2: 20 });
    await settle();
    expect(followed).toMatchObject({ logEndOffset: 3, receivedBytes: 3000 });
    expect(led.positions.at(-1)).toMatchObject({ fetchOffset: 3, flushedOffset: 3, isRestart: false });
    led.marks = { highWatermark: offset(3), logStartOffset: offset(0) };
    led.sender?.marksMoved();
    await pass(100);
    expect(followed.highWatermark).toBe(3);
  });

  it("is told at once where the stream is open already", async () => {
    await startLeader(2);
    register({ 1: 10, 2: 20 });
    await settle();
    const followed = new FollowedReplica(replicaName(1), streams);
    streams.follow(followed, first);
    expect(followed.connections).toEqual([first]);
  });

  it("asks anew after its stream broke", async () => {
    const leader = await startLeader(2);
    const led = leader.partitions.add(replicaName(1));
    register({ 1: 10, 2: 20 });
    await settle();
    const followed = new FollowedReplica(replicaName(1), streams);
    streams.follow(followed, first);
    await settle();
    transport.cut(leader.address);
    await settle();
    expect(led.closed).toEqual([undefined]);
    led.append(2, 10);
    transport.mend(leader.address);
    await pass(1_000);
    expect(followed).toMatchObject({ connections: [first, first], logEndOffset: 2 });
  });

  it("tells its old leader of the epoch in which another one leads", async () => {
    const [one, other] = [await startLeader(2), await startLeader(3)];
    const [before, after] = [one, other].map((leader) => leader.partitions.add(replicaName(1)));
    register({ 1: 10, 2: 20, 3: 30 });
    await settle();
    const followed = new FollowedReplica(replicaName(1), streams);
    streams.follow(followed, first);
    await settle();
    followed.leaderEpoch = leaderEpoch(4);
    streams.follow(followed, second, followed.leaderEpoch);
    await settle();
    expect(before?.closed).toEqual([4]);
    expect(after?.positions).toMatchObject([{ leaderEpoch: 4, isRestart: true }]);
    streams.forget(followed, leaderEpoch(5));
    await settle();
    expect(after?.closed).toEqual([5]);
  });

  it("hears of no more than it follows, and of why it is not served", async () => {
    const leader = await startLeader(2);
    const led = leader.partitions.add(replicaName(1));
    register({ 1: 10, 2: 20 });
    await settle();
    const [followed, unknown] = [
      new FollowedReplica(replicaName(1), streams),
      new FollowedReplica(replicaName(2), streams),
    ];
    streams.follow(followed, first);
    streams.follow(unknown, first);
    await settle();
    expect(unknown.refused).toMatchObject([{ code: "UNKNOWN_TOPIC" }]);
    led.sender?.sendDivergence(leaderEpoch(3), { epoch: leaderEpoch(1), endOffset: offset(5) });
    led.sender?.sendRecords(leaderEpoch(3), offset(0));
    led.append(1, 10);
    streams.forget(followed);
    await settle();
    expect(followed).toMatchObject({ diverged: [], received: [] });
  });
});

describe("a stream", () => {
  /** Streams to a peer that is not there, in the order in which they were opened. */
  class StubStream {
    readonly sent: ReplicateRequest[] = [];
    isBlocked = false;
    readonly listener: StreamListener<unknown>;

    constructor(listener: StreamListener<unknown>) {
      this.listener = listener;
    }

    send(request: ReplicateRequest): boolean {
      this.sent.push(request);
      return !this.isBlocked;
    }

    end(): void {}
    abort(): void {}
    pause(): void {}
    resume(): void {}
  }

  const opened: StubStream[] = [];

  function streamAt(index: number): StubStream {
    const stream = opened[index];
    if (stream === undefined) throw new Error(`stream ${index} was not opened`);
    return stream;
  }

  beforeEach(() => {
    opened.length = 0;
    transport.connect = (address) => {
      const open = (_method: unknown, listener: StreamListener<unknown>): StubStream => {
        const stream = new StubStream(listener);
        opened.push(stream);
        return stream;
      };
      return { address, call: () => Promise.reject(new Error("no calls")), open, close: () => undefined } as never;
    };
    register({ 1: 10, 2: 20 });
    streamAt(0).listener.onMessage(keepAliveResponse);
  });

  it("that takes no more keeps the newest position of each partition, and that records are wanted anew", () => {
    const stream = streamAt(0);
    const one = new FollowedReplica(replicaName(1), streams);
    const other = new FollowedReplica(replicaName(2), streams);
    for (const partition of [one, other]) streams.follow(partition, first);
    stream.sent.splice(0);
    stream.isBlocked = true;
    one.fetch(false);
    one.fetch(true);
    one.logEndOffset = offset(5);
    one.fetch(false);
    other.fetch(false);
    expect(stream.sent).toHaveLength(1);
    stream.isBlocked = false;
    stream.listener.onDrain?.();
    expect(stream.sent.slice(1)).toMatchObject([
      { topicId: one.topicId, fetchOffset: 5, restart: true },
      { topicId: other.topicId, fetchOffset: 0, restart: false },
    ]);
  });

  it("of an earlier registration is not listened to", () => {
    const followed = new FollowedReplica(replicaName(1), streams);
    streams.follow(followed, first);
    register({ 1: 10, 2: 21 });
    streamAt(0).listener.onMessage({ ...keepAliveResponse, ...replicaName(1), nextOffset: 1 });
    streamAt(0).listener.onError(new SluiceError("CANCELLED", { operation: "x" }));
    expect(followed.received).toEqual([]);
    expect(streams.isConnected(first)).toBe(false);
    streamAt(1).listener.onMessage(keepAliveResponse);
    expect(followed.connections).toEqual([first, first]);
    expect(observer.told).toEqual(["heard 2 20", "heard 2 21"]);
  });
});

describe("closing", () => {
  it("tells the peers that this broker stops, and waits no longer than it takes them", async () => {
    const leader = await startLeader(2);
    register({ 1: 10, 2: 20 });
    await settle();
    await streams.close();
    await settle();
    expect(leader.observer.told).toEqual(["heard 1 10", "stopping 1 10", "ended 1"]);
    expect(observer.told).toEqual(["heard 2 20"]);
    expect(clock.timerCount).toBe(1);
    leader.streams.close();
  });
});
