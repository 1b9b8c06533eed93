/**
 * What each broker of a cluster holds to be true, asked of it alone, next to what etcd holds.
 *
 * A cluster that was hurt and is healed must come to rest within a minute: every broker sees what etcd has (no watch has lost anything),
 * every partition has a leader, every replica is in sync and knows all of its log to be committed.
 */

import { parseClusterKey, parsePartitionValue } from "@sluice/cluster";
import type { UnaryMethod } from "@sluice/model";
import { clusterService, GrpcTransport, replicationService } from "@sluice/protocol";
import { expect, vi } from "vitest";
import { openTestStore } from "./etcd-store.js";

/** A broker, at its own port. */
export interface AskedBroker {
  readonly id: number;
  readonly port: number;
}

/** As much of a partition as brokers tell. */
interface PartitionView {
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
  readonly eligibleLeaderReplicas: readonly number[];
}

/** By topic id and number. */
type View = Readonly<Record<string, PartitionView>>;

/** How long a healed cluster may take to come to rest. */
const healing = { timeout: 60_000, interval: 50 };

/** Asks one broker, whoever leads. @throws SluiceError what it answers */
export async function askBroker<Request, Response>(
  { port }: { readonly port: number },
  method: UnaryMethod<Request, Response>,
  request: Request,
): Promise<Response> {
  const connection = new GrpcTransport().connect({ host: "127.0.0.1", port });
  try {
    return await connection.call(method, request, { timeoutMs: 5000 });
  } finally {
    connection.close();
  }
}

/** Waits until the cluster has come to rest. Nobody produces or commits meanwhile. @throws AssertionError what still differs */
export async function expectHealed(brokers: readonly AskedBroker[], etcdEndpoints: readonly string[]): Promise<void> {
  const store = await openTestStore({ endpoints: etcdEndpoints });
  await vi.waitFor(async () => {
    const { entries } = await store.list("/sluice/");
    const stored = viewOfEntries(entries);
    for (const broker of brokers) expect(await viewOf(broker), `what broker ${broker.id} sees`).toEqual(stored);
    for (const [name, { leader, replicas, inSyncReplicas }] of Object.entries(stored)) {
      expect(inSyncReplicas, `leader of ${name}`).toContain(leader);
      expect(inSyncReplicas.toSorted(), `in-sync replicas of ${name}`).toEqual(replicas.toSorted());
    }
    await expectAllCommitted(brokers);
  }, healing);
}

/** Every replica has as much as the others, and knows all of it to be committed. */
async function expectAllCommitted(brokers: readonly AskedBroker[]): Promise<void> {
  const ends: Record<string, number> = {};
  for (const broker of brokers) {
    const { replicas } = await askBroker(broker, replicationService.describeReplicas, { replicas: [] });
    for (const { topicId, partition, highWatermark, logEndOffset } of replicas) {
      const name = `${topicId}/${partition}`;
      ends[name] ??= logEndOffset;
      expect({ highWatermark, logEndOffset }, `replica of ${name} on broker ${broker.id}`).toEqual({
        highWatermark: ends[name],
        logEndOffset: ends[name],
      });
    }
  }
}

function viewOfEntries(entries: readonly { readonly key: string; readonly value: string }[]): View {
  const view: Record<string, PartitionView> = {};
  for (const { key, value } of entries) {
    const name = parseClusterKey(key);
    if (name?.type !== "partition") continue;
    const { leader = -1, ...partition } = parsePartitionValue(key, value);
    const { leaderEpoch, replicas, inSyncReplicas, eligibleLeaderReplicas } = partition;
    const told = { leader, leaderEpoch, replicas, inSyncReplicas, eligibleLeaderReplicas };
    view[`${name.topicId}/${name.partition}`] = told;
  }
  return view;
}

async function viewOf(broker: AskedBroker): Promise<View> {
  const all = { topics: [], brokersOnly: false, createMissing: false };
  const { topics } = await askBroker(broker, clusterService.describe, all);
  const view: Record<string, PartitionView> = {};
  for (const { id, partitions } of topics) {
    for (const { partition, leaderIdPlusOne, leaderEpoch, ...rest } of partitions) {
      const { replicas, inSyncReplicas, eligibleLeaderReplicas } = rest;
      const leader = leaderIdPlusOne - 1;
      view[`${id}/${partition}`] = { leader, leaderEpoch, replicas, inSyncReplicas, eligibleLeaderReplicas };
    }
  }
  return view;
}
