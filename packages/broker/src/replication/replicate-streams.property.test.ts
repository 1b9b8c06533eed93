/**
 * Both sides of Replicate streams under cuts, new registrations, and partitions that come and go: whatever happened, once all is
 * well again every follower gets everything, in order, and hears of the last high watermark.
 */

import { emptyImage } from "@sluice/cluster";
import { brokerId, offset, type TransportServer } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { silentLogger } from "../logging.js";
import { MemoryTransport } from "../testing/memory-transport.js";
import {
  FollowedReplica,
  type LedReplica,
  LedReplicas,
  RecordingObserver,
  replicaName,
} from "../testing/replica-fakes.js";
import { FollowerStreams } from "./follower-streams.js";
import { PeerStreams } from "./peer-streams.js";

const [follower, leader] = [brokerId(1), brokerId(2)];
const partitionCount = 4;
const numRuns = process.env.SLUICE_TEST_LONG ? 3_000 : 100;

type Action =
  | { readonly type: "append"; readonly partition: number; readonly count: number; readonly sizeBytes: number }
  | { readonly type: "forget" | "follow" | "fallBehind" | "catchUp"; readonly partition: number }
  | { readonly type: "cut" | "mend" | "followerRegisters" | "leaderRegisters" }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "settle"; readonly turns: number };

const partition = fc.nat(partitionCount - 1);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    type: fc.constant("append" as const),
    partition,
    count: fc.integer({ min: 1, max: 30 }),
    sizeBytes: fc.constantFrom(10, 5_000, 300_000),
  }),
  fc.record({ type: fc.constantFrom("forget", "follow", "fallBehind", "catchUp"), partition }),
  fc.record({ type: fc.constantFrom("cut", "mend", "followerRegisters", "leaderRegisters") }),
  fc.record({ type: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 2_000 }) }),
  fc.record({ type: fc.constant("settle" as const), turns: fc.integer({ min: 1, max: 60 }) }),
);

class Scene {
  readonly clock = new VirtualClock();
  readonly transport = new MemoryTransport();
  readonly #partitions = new LedReplicas();
  readonly led: readonly LedReplica[];
  readonly followed: readonly FollowedReplica[];
  readonly #followerStreams: FollowerStreams;
  readonly #peerStreams: PeerStreams;
  readonly #epochs = { follower: 10, leader: 20 };
  #revision = 100;
  #server: TransportServer | undefined;

  constructor() {
    const shared = { clock: this.clock, logger: silentLogger, observer: new RecordingObserver() };
    const budgets = { catchUpBytesPerSecMax: 1_000_000, reassignmentBytesPerSecMax: 0 };
    this.#followerStreams = new FollowerStreams(
      { brokerId: leader, fetchBytesMax: 500_000, ...budgets },
      { ...shared, partitions: this.#partitions },
    );
    const dialling = { ...shared, transport: this.transport, random: new SeededRandom(1) };
    this.#peerStreams = new PeerStreams({ brokerId: follower }, dialling);
    const numbers = Array.from({ length: partitionCount }, (_, i) => i);
    this.led = numbers.map((number) => this.#partitions.add(replicaName(number)));
    this.followed = numbers.map((number) => new FollowedReplica(replicaName(number), this.#peerStreams));
  }

  async start(): Promise<void> {
    this.#server = await this.transport.listen({ host: "h", port: 1 }, [this.#followerStreams.served()]);
    this.#apply();
  }

  run(step: Action): Promise<void> | undefined {
    switch (step.type) {
      case "append":
        this.led[step.partition]?.append(step.count, step.sizeBytes);
        return undefined;
      case "forget":
        this.#peerStreams.forget(this.followed[step.partition] as FollowedReplica);
        return undefined;
      case "follow":
        this.#peerStreams.follow(this.followed[step.partition] as FollowedReplica, leader);
        return undefined;
      case "fallBehind":
      case "catchUp":
        (this.led[step.partition] as LedReplica).traffic = step.type === "catchUp" ? "inSync" : "catchUp";
        return undefined;
      case "cut":
        this.transport.cut({ host: "h", port: 1 });
        return undefined;
      case "mend":
        this.transport.mend({ host: "h", port: 1 });
        return undefined;
      case "followerRegisters":
      case "leaderRegisters":
        this.#revision += 1;
        this.#epochs[step.type === "leaderRegisters" ? "leader" : "follower"] = this.#revision;
        this.#apply();
        return undefined;
      case "pass":
        this.clock.advance(step.ms);
        return undefined;
      case "settle":
        return this.settle(step.turns);
    }
  }

  /** All is well again, for long enough. */
  async heal(): Promise<void> {
    this.transport.mend({ host: "h", port: 1 });
    for (const [i, partition] of this.followed.entries()) {
      this.#peerStreams.follow(partition, leader);
      const led = this.led[i] as LedReplica;
      led.traffic = "inSync";
      led.marks = { highWatermark: led.logEndOffset, logStartOffset: offset(0) };
    }
    await this.#wait();
    for (const { sender } of this.led) sender?.marksMoved();
    await this.#wait();
  }

  async close(): Promise<void> {
    const closing = this.#peerStreams.close();
    await this.settle(100);
    this.clock.advance(1_000);
    await closing;
    this.#followerStreams.close();
    await this.#server?.close(0);
  }

  async settle(turns: number): Promise<void> {
    for (let i = 0; i < turns; i += 1) await Promise.resolve();
  }

  async #wait(): Promise<void> {
    for (let i = 0; i < 40; i += 1) {
      this.clock.advance(100);
      await this.settle(100);
    }
  }

  #apply(): void {
    const { follower: followerEpoch, leader: leaderEpoch } = this.#epochs;
    const brokers = [
      [follower, followerEpoch],
      [leader, leaderEpoch],
    ] as const;
    const registrations = brokers.map(([id, brokerEpoch]) => {
      const life = { incarnation: "a", brokerEpoch, isActive: true, stateVersion: 1, listeners: {} };
      return [id, { id, host: "h", port: 1, rack: "", ...life }] as const;
    });
    const image = { ...emptyImage, revision: this.#revision, brokers: new Map(registrations) };
    this.#followerStreams.apply(image, leaderEpoch);
    this.#peerStreams.apply(image, followerEpoch);
  }
}

it("whatever breaks, followers get everything in the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40, size: "max" }), async (steps) => {
      const scene = new Scene();
      await scene.start();
      for (const step of steps) await scene.run(step);
      await scene.heal();
      for (const [i, { logEndOffset, highWatermark, received }] of scene.followed.entries()) {
        const led = scene.led[i] as LedReplica;
        expect(logEndOffset).toBe(led.logEndOffset);
        expect(highWatermark).toBe(led.logEndOffset);
        expect(Buffer.concat(received.map(({ records }) => records)).equals(led.bytes)).toBe(true);
      }
      await scene.close();
      expect(scene.clock.timerCount).toBe(0);
    }),
    { numRuns },
  );
});
