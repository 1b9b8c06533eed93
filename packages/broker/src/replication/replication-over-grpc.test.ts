/** The streams of both sides over real gRPC on the loopback. */

import { type ClusterImage, emptyImage } from "@sluice/cluster";
import { brokerId, type TransportServer } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { GrpcTransport } from "@sluice/protocol";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "../logging.js";
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
const kibibyte = 1024;

const clock = new NodeClock();
const transport = new GrpcTransport();
let partitions: LedReplicas;
let followerStreams: FollowerStreams;
let peerStreams: PeerStreams;
let leaderObserver: RecordingObserver;
let server: TransportServer;

beforeEach(async () => {
  partitions = new LedReplicas();
  leaderObserver = new RecordingObserver();
  const limits = { fetchBytesMax: 4 * 1024 * kibibyte, catchUpBytesPerSecMax: 0, reassignmentBytesPerSecMax: 0 };
  const shared = { clock, logger: silentLogger };
  followerStreams = new FollowerStreams(
    { brokerId: leader, ...limits },
    { ...shared, partitions, observer: leaderObserver },
  );
  server = await transport.listen({ host: "127.0.0.1", port: 0 }, [followerStreams.served()]);
  const observer = new RecordingObserver();
  peerStreams = new PeerStreams({ brokerId: follower }, { ...shared, transport, random: new NodeRandom(), observer });
});

afterEach(async () => {
  await peerStreams.close();
  followerStreams.close();
  await server.close(1_000);
});

function register(): void {
  const brokers = [follower, leader].map((id) => {
    const life = { incarnation: "a", brokerEpoch: id * 10, isActive: true, stateVersion: 1, listeners: {} };
    return [id, { id, host: "127.0.0.1", port: id === leader ? server.port : 1, rack: "", ...life }] as const;
  });
  const image: ClusterImage = { ...emptyImage, revision: 100, brokers: new Map(brokers) };
  followerStreams.apply(image, leader * 10);
  peerStreams.apply(image, 10);
}

function follow(led: LedReplica): FollowedReplica {
  const followed = new FollowedReplica(led, peerStreams);
  peerStreams.follow(followed, leader);
  return followed;
}

it("carries what lies there, and what comes, of several partitions, byte for byte", async () => {
  const led = [1, 2, 3].map((number) => partitions.add(replicaName(number)));
  for (const partition of led) partition.append(20, 256 * kibibyte);
  const followed = led.map(follow);
  register();
  await Promise.all(followed.map((partition) => partition.reached(20)));
  for (const partition of led) partition.append(20, 10);
  await Promise.all(followed.map((partition) => partition.reached(40)));
  for (const partition of followed) {
    const bytes = Buffer.concat(partition.received.map(({ records }) => records));
    const expected = Buffer.concat(Array.from({ length: 40 }, (_, i) => Buffer.alloc(i < 20 ? 256 * kibibyte : 10, i)));
    expect(bytes.equals(expected)).toBe(true);
  }
});

it("ends in good order: the leader hears that the follower stops", async () => {
  const led = partitions.add(replicaName(1));
  led.append(1, 10);
  const followed = follow(led);
  register();
  await followed.reached(1);
  await peerStreams.close();
  expect(leaderObserver.told.slice(-2)).toEqual(["stopping 1 10", "ended 1"]);
});
