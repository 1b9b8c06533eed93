/** Everything that may happen to a partition on three brokers, one thing at a time, for tests that let it happen in any order. */

import type { ModelCluster } from "./model-cluster.js";

type Step = (cluster: ModelCluster, a: number, b: number, n: number) => void;

/** What may happen next, to one broker or between two. By how often it is tried. */
const steps: readonly (readonly [weight: number, name: string, step: Step])[] = [
  [14, "produce", (cluster, a, _b, n) => void cluster.produce(leaderOr(cluster, a), n % 4 !== 0)],
  [10, "write", (cluster, a, _b, n) => cluster.write(a, 1 + (n % 3))],
  [10, "flush", (cluster, a, _b, n) => cluster.flush(a, n % 3 === 0 ? 1 : undefined)],
  [16, "send", (cluster, a, b, n) => cluster.send(leaderOr(cluster, a), b, n % 4)],
  [16, "deliverUp", (cluster, a, b) => void cluster.deliverUp(a, leaderOr(cluster, b))],
  [16, "deliverDown", (cluster, a, b) => void cluster.deliverDown(leaderOr(cluster, a), b)],
  [20, "exchange", (cluster, a, b, n) => exchange(cluster, a, leaderOr(cluster, b), n)],
  [6, "hearOfStore", (cluster, a, _b, n) => hearOfStore(cluster, a, n)],
  [6, "deliverUpAny", (cluster, a, b) => void cluster.deliverUp(a, b)],
  [6, "deliverDownAny", (cluster, a, b) => void cluster.deliverDown(a, b)],
  [6, "connect", (cluster, a, b) => cluster.connect(a, b)],
  [2, "disconnect", (cluster, a, b) => cluster.disconnect(a, b)],
  [8, "watch", (cluster, a, _b, n) => cluster.watch(a, n % 2 === 0)],
  [6, "decide", (cluster, _a, _b, n) => cluster.decide(n)],
  [6, "answer", (cluster, _a, _b, n) => cluster.answer(n)],
  [4, "settleLog", (cluster, a) => cluster.settleLog(a)],
  [3, "elect", (cluster, _a, _b, n) => cluster.elect(n)],
  [2, "electIfNeeded", (cluster, _a, _b, n) => void (cluster.store.hasLivingLeader || cluster.elect(n))],
  [2, "kill", (cluster, a) => cluster.kill(a)],
  [5, "start", (cluster, a) => cluster.start(a)],
  [2, "expire", (cluster, a) => cluster.expire(a)],
  [2, "losePower", (cluster, a) => losePower(cluster, a)],
  [1, "loseDisk", (cluster, a) => void (cluster.mayLoseMore && cluster.loseDisk(a))],
  [2, "checkpoint", (cluster, a) => cluster.checkpoint(a)],
  [1, "fillDisk", (cluster, a) => cluster.fillDisk(a)],
  [2, "deleteBefore", (cluster, a, _b, n) => cluster.deleteBefore(leaderOr(cluster, a), n)],
  [3, "passTime", (cluster, _a, _b, n) => cluster.passTime(500 * (1 + (n % 9)))],
  [2, "tellGone", (cluster, a, b) => a !== b && cluster.tellGone(leaderOr(cluster, a), b)],
  [1, "startHandover", (cluster, a, b) => cluster.startHandover(leaderOr(cluster, a), b)],
  [2, "endHandover", (cluster, a) => cluster.endHandover(a)],
  [1, "tellMin", (cluster, a) => cluster.tellMin(a)],
];

/** Names of steps, each as often as it is to be tried. */
export const stepNames: readonly string[] = steps.flatMap(([weight, name]) =>
  Array.from({ length: weight }, () => name),
);
const byName: ReadonlyMap<string, Step> = new Map(steps.map(([, name, step]) => [name, step]));

export interface ModelCommand {
  readonly name: string;
  readonly a: number;
  readonly b: number;
  readonly n: number;
}

export function runStep(cluster: ModelCluster, { name, a, b, n }: ModelCommand): void {
  byName.get(name)?.(cluster, a, b, n);
}

/** A follower and its leader get on with it. */
function exchange(cluster: ModelCluster, follower: number, leader: number, n: number): void {
  cluster.connect(follower, leader);
  cluster.deliverUp(follower, leader);
  cluster.send(leader, follower, 1 + (n % 4));
  cluster.deliverDown(leader, follower);
  cluster.settleLog(follower);
  cluster.write(follower);
  if (n % 2 === 0) cluster.flush(follower);
}

/** What was asked of the store is answered, and somebody hears of it all. */
function hearOfStore(cluster: ModelCluster, id: number, n: number): void {
  cluster.decide(n);
  cluster.answer(n);
  cluster.watch(id);
}

/** Mostly the broker that leads, so that more than a third of the steps does something. */
function leaderOr(cluster: ModelCluster, id: number): number {
  const { leader } = cluster.store.partition;
  return leader === undefined || id === 1 ? id : leader;
}

/** Where flush=always it costs nothing; else as often as the guarantee allows. */
function losePower(cluster: ModelCluster, id: number): void {
  if (cluster.isFlushedAlways || cluster.mayLoseMore) cluster.losePower(id);
}
