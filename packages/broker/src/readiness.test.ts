import { SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { type ReadinessSources, readReadiness } from "./readiness.js";

const ready: ReadinessSources = {
  phase: () => "serving",
  isRegistered: () => true,
  isImageApplied: () => true,
  rolesPending: () => 0,
  partitionsOffline: () => 0,
  diskProblem: () => undefined,
  storeProblem: () => undefined,
};

describe("readReadiness", () => {
  it("is ready when nothing is wrong", () => {
    expect(readReadiness(ready)).toEqual({ isReady: true, status: "ready", problems: [] });
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
    expect(of({ isImageApplied: () => false })).toMatchObject({ isReady: false, status: "not ready" });
    expect(of({ rolesPending: () => 2 })).toMatchObject({ problems: ["2 partitions are being opened"] });
  });

  it("stays ready with partitions out of service, and says so", () => {
    const { isReady, status, problems } = readReadiness({ ...ready, partitionsOffline: () => 1 });
    expect([isReady, status]).toEqual([true, "ready"]);
    expect(problems).toEqual([expect.stringContaining("1 partition is out of service")]);
  });

  it("says when it is starting and when it is draining, whatever else is wrong", () => {
    expect(readReadiness({ ...ready, phase: () => "starting" })).toMatchObject({ isReady: false, status: "starting" });
    const draining = readReadiness({ ...ready, phase: () => "draining", isRegistered: () => false });
    expect(draining).toEqual({ isReady: false, status: "draining", problems: ["the broker is stopping"] });
  });
});
