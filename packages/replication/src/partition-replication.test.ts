/** The scenarios by which others found that replication loses records, and what comes of each here. Records are `epoch:value`. */

import { describe, expect, it } from "vitest";
import { brokerIds, type ModelCluster } from "./testing/model-cluster.js";
import { heal } from "./testing/model-healing.js";
import { ModelStory, replicate, settleStore } from "./testing/model-story.js";

/** That broker leads, everybody knows it, and all are in sync. */
function lead(cluster: ModelCluster, id: number): void {
  cluster.store.elect(id, true);
  for (const broker of brokerIds) cluster.watch(broker);
  for (const broker of brokerIds) if (broker !== id) replicate(cluster, id, broker);
}

function produceAt(cluster: ModelCluster, id: number): void {
  cluster.produce(id);
  cluster.write(id);
  cluster.flush(id);
}

async function expectStory(story: ModelStory, name: string): Promise<void> {
  story.tell("The faults end.", heal);
  await expect(story.text).toMatchFileSnapshot(`./transcripts/${name}.txt`);
}

describe("a partition in the scenarios of the papers", () => {
  it("keeps a record that its follower does not know to be committed", async () => {
    const scenario = `
Truncation to the high watermark (KIP-101, first scenario). A follower has a record and does not know yet that it is committed. It
restarts, and before its leader has answered it is the leader itself: cutting its log to the high watermark that it knew would have
lost the record.`;
    const story = new ModelStory(scenario, { inSyncReplicasMin: 2, isFlushedAlways: true });
    story.tell("Broker 1 leads, and broker 3 is down.", (cluster) => {
      lead(cluster, 1);
      cluster.tellGone(1, 3);
      cluster.kill(3);
      settleStore(cluster);
    });
    story.tell("A record is committed; broker 2 has not heard so.", (cluster) => {
      produceAt(cluster, 1);
      cluster.send(1, 2);
      cluster.deliverDown(1, 2);
      cluster.write(2);
      cluster.flush(2);
      cluster.deliverUp(2, 1);
    });
    story.tell("Broker 2 restarts, and broker 1 dies before it has answered.", (cluster) => {
      cluster.kill(2);
      cluster.start(2);
      cluster.kill(1);
      cluster.expire(1);
    });
    story.tell("Broker 2 is elected.", (cluster) => {
      cluster.elect();
      cluster.watch(2);
    });
    expect(story.cluster.broker(2).log.endOffset).toBe(1);
    await expectStory(story, "truncation-to-high-watermark");
  });

  it("finds where logs part after two fast changes of leader", async () => {
    const scenario = `
Fast change of leader (KIP-279). Each leader appends what nobody copies before the next is elected, so that the logs have epochs that the
others lack, at the same offsets. Only epochs and their ends, asked as often as needed, tell where they part.`;
    const story = new ModelStory(scenario, { inSyncReplicasMin: 2, isFlushedAlways: true });
    const disconnectAll = (cluster: ModelCluster): void => {
      for (const follower of brokerIds) for (const leader of brokerIds) cluster.disconnect(follower, leader);
    };
    story.tell("Broker 1 leads; one record is everywhere, and it alone has the next.", (cluster) => {
      lead(cluster, 1);
      produceAt(cluster, 1);
      for (const id of [2, 3]) replicate(cluster, 1, id);
      produceAt(cluster, 1);
      disconnectAll(cluster);
    });
    story.tell("Broker 2 is elected, and appends two that nobody copies.", (cluster) => {
      cluster.store.elect(2, true);
      cluster.watch(2);
      for (let count = 0; count < 2; count += 1) produceAt(cluster, 2);
    });
    story.tell("Broker 1 is elected again, and appends another.", (cluster) => {
      cluster.store.elect(1, true);
      for (const id of brokerIds) cluster.watch(id);
      produceAt(cluster, 1);
    });
    story.tell("Broker 2 asks with an epoch that its leader never had.", (cluster) => replicate(cluster, 1, 2));
    await expectStory(story, "fast-leader-changes");
  });

  it("follows nobody who leads in an older epoch", async () => {
    const scenario = `
A stale leader as truncation point (KIP-320). Broker 1 does not know that it was deposed. What it goes on sending to a follower that knows
neither cuts that follower's log nor is appended, and the follower's word ends its leadership.`;
    const story = new ModelStory(scenario, { inSyncReplicasMin: 2, isFlushedAlways: true });
    story.tell("Broker 1 leads, and sends a record that is still under way.", (cluster) => {
      lead(cluster, 1);
      produceAt(cluster, 1);
      cluster.send(1, 3);
    });
    story.tell("Broker 2 is elected; broker 3 hears of it, and broker 1 does not.", (cluster) => {
      cluster.store.elect(2, true);
      cluster.watch(2);
      cluster.watch(3);
      replicate(cluster, 2, 3);
      produceAt(cluster, 2);
      replicate(cluster, 2, 3);
    });
    story.tell("The record of broker 1 arrives.", (cluster) => void cluster.deliverDown(1, 3));
    story.tell("So does what broker 3 has to say to broker 1.", (cluster) => void cluster.deliverUp(3, 1));
    expect(story.cluster.broker(1).machine.isLeader).toBe(false);
    await expectStory(story, "stale-leader");
  });

  it("does not rely on the last replica that stands", async () => {
    const scenario = `
Last replica standing (KIP-966). The leader is left alone in sync and then loses what it had not flushed. Who left last, when the high
watermark stood from then on, is known to have everything that is committed.`;
    const story = new ModelStory(scenario, { inSyncReplicasMin: 2, isFlushedAlways: false });
    story.tell("A record is committed on all three.", (cluster) => {
      lead(cluster, 1);
      produceAt(cluster, 1);
      for (const id of [2, 3]) replicate(cluster, 1, id);
    });
    story.tell("Brokers 2 and 3 die.", (cluster) => {
      for (const id of [2, 3]) {
        cluster.kill(id);
        cluster.tellGone(1, id);
        settleStore(cluster);
        cluster.expire(id);
      }
    });
    story.tell("Nothing more is committed, and acks=all is refused.", (cluster) => {
      cluster.produce(1);
      cluster.produce(1, false);
      cluster.write(1);
    });
    story.tell("Broker 1 loses power, comes back, and is not elected.", (cluster) => {
      cluster.losePower(1);
      cluster.expire(1);
      cluster.start(1);
      cluster.elect();
    });
    story.tell("Broker 3, which left last, comes back, and is.", (cluster) => {
      cluster.start(3);
      cluster.elect();
      cluster.watch(3);
    });
    await expectStory(story, "last-replica-standing");
  });

  it("counts a replica that the store may have taken in before it has said so", async () => {
    const scenario = `
Expansion of the in-sync replicas (AsyncIsr, KIP-497). The store has taken broker 3 in, and its answer is slow. Were the high watermark
counted over what is confirmed, a record that broker 3 lacks would be committed, and broker 3 elected.`;
    const story = new ModelStory(scenario, { inSyncReplicasMin: 2, isFlushedAlways: true });
    story.tell("Broker 1 leads, with broker 2 in sync; broker 3 has caught up.", (cluster) => {
      lead(cluster, 1);
      cluster.tellGone(1, 3);
      settleStore(cluster);
      cluster.disconnect(3, 1);
      cluster.connect(3, 1);
      cluster.deliverUp(3, 1);
    });
    story.tell("The store takes it in. A record reaches only broker 2.", (cluster) => {
      cluster.decide();
      produceAt(cluster, 1);
      replicate(cluster, 1, 2);
    });
    expect(story.cluster.broker(1).machine.highWatermark).toBe(0);
    story.tell("Broker 3 is elected.", (cluster) => {
      cluster.store.elect(3, false);
      cluster.watch(3);
    });
    await expectStory(story, "expansion-race");
  });

  it("keeps counting a replica that leaves until the store has taken it", async () => {
    const scenario = `
Shrinking against another writer (AsyncIsr). The leader asks to drop broker 3, while broker 2 is excluded for a disk that it lost: the store
refuses what was planned from the older version. Until then broker 3 holds the high watermark back, since it may be elected.`;
    const story = new ModelStory(scenario, { inSyncReplicasMin: 2, isFlushedAlways: true });
    story.tell("Broker 1 leads; broker 3 stops, and broker 2 gets a record.", (cluster) => {
      lead(cluster, 1);
      cluster.kill(3);
      cluster.tellGone(1, 3);
      produceAt(cluster, 1);
      replicate(cluster, 1, 2);
    });
    expect(story.cluster.broker(1).machine.highWatermark).toBe(0);
    story.tell("Broker 2 comes back with an empty disk before the store has looked at it.", (cluster) => {
      cluster.loseDisk(2);
      cluster.start(2);
      cluster.decide();
    });
    story.tell("Broker 1 hears that it was refused, and then why.", (cluster) => {
      cluster.answer();
      cluster.watch(1);
    });
    await expectStory(story, "shrink-race");
  });
});
