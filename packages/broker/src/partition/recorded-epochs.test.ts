/** What a broker records before it takes a role, and how it has none at all. */

import { MemoryFileSystem } from "@sluice/log/testing";
import { SeededRandom } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { brokerEpochOfTests, idOf, imageOf, type TopicSketch } from "../testing/image-of.js";
import { RegistryFixture } from "../testing/registry-fixture.js";

const replicas = [1, 2, 3];

describe("roles of a registry", () => {
  let fixture: RegistryFixture;

  beforeEach(async () => {
    fixture = await RegistryFixture.open(new MemoryFileSystem(new SeededRandom(1)));
  });
  afterEach(() => fixture.close());

  const ledCount = (): number => fixture.registry.totals().led;

  it("are not taken before their epochs are on disk", async () => {
    const topic: TopicSketch = { name: "a", replicas };
    await fixture.settle(topic);
    const { known } = fixture.logDirectory;
    known.note({ topicId: idOf(topic), partition: 0 }, { leaderEpoch: 1, leaderBrokerEpoch: brokerEpochOfTests });
    fixture.fileSystem.failNext("syncData", "EIO", /known-epochs/);
    await fixture.settle({ ...topic, leaderEpoch: 1 });
    expect(ledCount()).toBe(0);
    expect(fixture.logDirectory.failure?.code).toBe("DISK_FAILED");
  });

  it("are taken once there is room to record their epochs", async () => {
    const topic: TopicSketch = { name: "a", replicas };
    await fixture.settle(topic);
    const { known } = fixture.logDirectory;
    known.note({ topicId: idOf(topic), partition: 0 }, { leaderEpoch: 1, leaderBrokerEpoch: brokerEpochOfTests });
    fixture.fileSystem.failNext("write", "ENOSPC", /known-epochs/);
    await fixture.settle({ ...topic, leaderEpoch: 1 });
    expect(ledCount()).toBe(0);
    await fixture.untilRoom();
    await fixture.registry.settled();
    expect(ledCount()).toBe(1);
  });

  it("end when none are to be taken, and begin again in the next epochs", async () => {
    const imageIn = (epoch: number) => {
      return imageOf(epoch, [
        { name: "led", replicas, leaderEpoch: epoch },
        { name: "followed", replicas, leader: 2, leaderEpoch: epoch },
      ]);
    };
    const image = imageIn(1);
    fixture.registry.apply(image, brokerEpochOfTests);
    await fixture.registry.settled();
    expect(ledCount()).toBe(1);
    fixture.registry.apply(image, brokerEpochOfTests, false);
    expect(ledCount()).toBe(0);
    await fixture.registry.settled();
    expect(ledCount()).toBe(0);
    expect([...fixture.registry.describeReplicas()]).toHaveLength(2);
    expect(await fixture.registry.lossyReplicas()).toEqual([]);
    fixture.registry.apply(imageIn(2), brokerEpochOfTests);
    await fixture.registry.settled();
    expect(ledCount()).toBe(1);
  });
});
