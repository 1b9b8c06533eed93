import { SluiceError, topicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { type ReadinessSources, readReadiness } from "./readiness.js";

const ready: ReadinessSources = {
  phase: () => "serving",
  restoredStore: () => undefined,
  isRegistered: () => true,
  isWithinDeadline: () => true,
  isActive: () => true,
  isImageApplied: () => true,
  rolesPending: () => 0,
  partitionsUnderReplicated: () => 0,
  replicasOffline: () => [],
  diskProblem: () => undefined,
  storeProblem: () => undefined,
};

describe("readReadiness", () => {
  it("is ready when nothing is wrong", () => {
    expect(readReadiness(ready)).toEqual({ isReady: true, status: "ready", problems: [] });
  });

  it("says what to do about a restored cluster store, and nothing of what follows from it", () => {
    const restoredStore = () => new SluiceError("STORE_RESTORED", { reason: "it went back" });
    const { isReady, status, problems } = readReadiness({ ...ready, restoredStore, isActive: () => false });
    expect([isReady, status]).toEqual([false, "not ready"]);
    expect(problems).toEqual([expect.stringMatching(/it went back.*adopt-restore/)]);
  });

  it("names a cluster store that failed, beside the disk of the logs", () => {
    const diskProblem = () => new SluiceError("DISK_FULL", { path: "/data" });
    const storeProblem = () => new SluiceError("DISK_FAILED", { path: "/data/cluster-store", reason: "EIO" });
    const { isReady, status, problems } = readReadiness({ ...ready, diskProblem, storeProblem });
    expect([isReady, status]).toEqual([false, "not ready"]);
    expect(problems).toEqual([
      expect.stringMatching(/^the cluster store takes no changes: .*\/data\/cluster-store.*EIO/),
      expect.stringContaining("/data is full"),
    ]);
  });

  it("is not ready without a lease, without its registration, and while roles are being taken", () => {
    const of = (over: Partial<ReadinessSources>) => readReadiness({ ...ready, ...over });
    expect(of({ isRegistered: () => false })).toMatchObject({
      isReady: false,
      problems: [expect.stringContaining("lease")],
    });
    expect(of({ isWithinDeadline: () => false })).toMatchObject({
      isReady: false,
      problems: [expect.stringContaining("has not reached the cluster store")],
    });
    expect(of({ isActive: () => false })).toMatchObject({
      isReady: false,
      problems: [expect.stringContaining("fenced")],
    });
    expect(of({ isImageApplied: () => false })).toMatchObject({ isReady: false, status: "not ready" });
    expect(of({ rolesPending: () => 2 })).toMatchObject({ problems: ["2 partitions are being opened"] });
  });

  it("stays ready with partitions out of service, and says which, why and what to do", () => {
    const quarantined = (partition: number, isReplicated: boolean) => {
      const details = { topic: "orders", partition, broker: 1, reason: "a batch is damaged" };
      const failure = new SluiceError("PARTITION_QUARANTINED", details);
      return { topic: topicName("orders"), partition, failure, isReplicated };
    };
    const of = (...offline: ReturnType<typeof quarantined>[]) =>
      readReadiness({ ...ready, replicasOffline: () => offline });
    const { isReady, status, problems } = of(quarantined(3, true), quarantined(4, false));
    expect([isReady, status]).toEqual([true, "ready"]);
    expect(problems).toEqual([
      expect.stringMatching(/^orders-3 is out of service here: .*damaged.*reassign orders --partition 3 --replicas/),
      expect.stringMatching(/^orders-4 is out of service here: .*damaged/),
    ]);
    expect(problems[1]).not.toContain("reassign");
    const many = [0, 1, 2, 3, 4].map((partition) => quarantined(partition, false));
    expect(of(...many).problems.at(-1)).toMatch(/^2 more partitions are out of service here/);
  });

  it("stays ready with replicas out of sync, and says so", () => {
    const { isReady, problems } = readReadiness({ ...ready, partitionsUnderReplicated: () => 3 });
    expect([isReady, problems]).toEqual([true, ["3 partitions are led here without all replicas in sync"]]);
  });

  it("says when it is starting and when it is draining, whatever else is wrong", () => {
    expect(readReadiness({ ...ready, phase: () => "starting" })).toMatchObject({ isReady: false, status: "starting" });
    const draining = readReadiness({ ...ready, phase: () => "draining", isRegistered: () => false });
    expect(draining).toEqual({ isReady: false, status: "draining", problems: ["the broker is stopping"] });
  });
});
