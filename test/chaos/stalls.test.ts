/** Guarantee: a broker that stands still for a moment costs no election, one that does it again and again only a few, and no record. */

import { describe, expect, it } from "vitest";
import type { ClusterBroker } from "../support/process-cluster.js";
import { type Struck, wait, withstand } from "./withstand.js";

const shortStallMs = 1000;
const stallMs = 2000;
const stallEveryMs = 5000;
const stallingMs = 60_000;
const electionsMax = 6;

async function stall(broker: ClusterBroker, ms: number): Promise<void> {
  broker.pause();
  await wait(ms);
  broker.resume();
}

/** By partition, how often the leader has changed since it was made. */
async function leaderEpochs({ load }: Struck): Promise<number[]> {
  const [described] = (await load.client.admin().fetchTopicMetadata({ topics: [load.topic] })).topics;
  return (described?.partitions ?? []).map(({ leaderEpoch }) => leaderEpoch);
}

describe("no acknowledged record is lost", { timeout: 600_000 }, () => {
  it("when a leader stands still for a second, and nobody is elected", () =>
    withstand({}, async (struck) => {
      const broker = await struck.leader();
      const before = await leaderEpochs(struck);
      await stall(broker, shortStallMs);
      await struck.load.more(1);
      expect(await leaderEpochs(struck)).toEqual(before);
    }));

  it("when a leader stands still for 2 s every 5 s, and elections are few", () =>
    withstand({ rounds: 1 }, async (struck) => {
      const broker = await struck.leader();
      const before = await leaderEpochs(struck);
      for (let passedMs = 0; passedMs < stallingMs; passedMs += stallEveryMs) {
        await stall(broker, stallMs);
        await wait(stallEveryMs - stallMs);
      }
      const elections = (await leaderEpochs(struck)).map((epoch, partition) => epoch - (before[partition] as number));
      expect(Math.max(...elections)).toBeLessThanOrEqual(electionsMax);
    }));
});
