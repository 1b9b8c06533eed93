/** The end of every test of a whole partition: faults stop, and everything must come right by itself. */

import { brokerIds, type ModelCluster } from "./model-cluster.js";

const roundsMax = 60;

/**
 * Starts what is down, lets everything happen that is due, and elects where nobody leads, until nothing is left to do.
 * @throws Error when the partition does not converge: all replicas in sync, all of the leader's log committed, all logs equal
 */
export function heal(cluster: ModelCluster): void {
  for (let round = 0; round < roundsMax; round += 1) {
    healOnce(cluster);
    cluster.assertSafe();
    if (hasConverged(cluster)) return;
  }
  const logs = brokerIds.map((id) => `${id}: ${logText(cluster, id)}`);
  throw new Error(`does not converge: ${JSON.stringify(cluster.store.partition)}; ${logs.join("; ")}`);
}

/** Its records as `epoch:value`. */
export function logText(cluster: ModelCluster, id: number): string {
  const { log } = cluster.broker(id);
  const records = log.slice(log.logStartOffset, log.endOffset);
  return records.map(({ epoch, value }) => `${epoch}:${value}`).join(" ");
}

function healOnce(cluster: ModelCluster): void {
  cluster.passTime(500);
  for (const id of brokerIds) {
    cluster.expire(id);
    cluster.start(id);
    cluster.endHandover(id);
    cluster.tellMin(id);
  }
  if (!cluster.store.hasLivingLeader) cluster.elect();
  for (const id of brokerIds) cluster.watch(id);
  for (let count = cluster.store.requests.length; count > 0; count -= 1) {
    cluster.decide();
    cluster.answer();
  }
  for (const id of brokerIds) {
    cluster.settleLog(id);
    cluster.write(id);
    cluster.flush(id);
    for (const other of brokerIds) exchange(cluster, id, other);
  }
}

function exchange(cluster: ModelCluster, follower: number, leader: number): void {
  cluster.connect(follower, leader);
  cluster.send(leader, follower);
  let isMore = true;
  while (isMore) {
    const isUp = cluster.deliverUp(follower, leader);
    isMore = cluster.deliverDown(leader, follower) || isUp;
  }
}

function hasConverged(cluster: ModelCluster): boolean {
  const { partition, requests } = cluster.store;
  const { leader, inSyncReplicas, eligibleLeaderReplicas } = partition;
  if (leader === undefined || requests.length > 0) return false;
  const { log, machine } = cluster.broker(leader);
  const isAllInSync = inSyncReplicas.length === brokerIds.length && eligibleLeaderReplicas.length === 0;
  const isAllCommitted = machine.highWatermark === log.endOffset;
  return isAllInSync && isAllCommitted && brokerIds.every((id) => isSameLog(cluster, id, leader));
}

function isSameLog(cluster: ModelCluster, a: number, b: number): boolean {
  const [one, other] = [cluster.broker(a).log, cluster.broker(b).log];
  if (one.endOffset !== other.endOffset) return false;
  const from = Math.max(one.copyStartOffset, other.copyStartOffset);
  const [records, others] = [one.slice(from, one.endOffset), other.slice(from, other.endOffset)];
  return records.every(({ value, epoch }, at) => others[at]?.value === value && others[at]?.epoch === epoch);
}
