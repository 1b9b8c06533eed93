import { SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { type ReadinessSources, readReadiness } from "./readiness.js";

const ready: ReadinessSources = {
  isServing: () => true,
  isRegistered: () => true,
  isImageApplied: () => true,
  rolesPending: () => 0,
  diskProblem: () => undefined,
  storeProblem: () => undefined,
};

describe("readReadiness", () => {
  it("is ready when nothing is missing", () => {
    expect(readReadiness(ready)).toEqual({ isReady: true, missing: [] });
  });

  it("names a cluster store that failed, beside the disk of the logs", () => {
    const diskProblem = () => new SluiceError("DISK_FULL", { path: "/data" });
    const storeProblem = () => new SluiceError("DISK_FAILED", { path: "/data/cluster-store", reason: "EIO" });
    const { isReady, missing } = readReadiness({ ...ready, diskProblem, storeProblem });
    expect(isReady).toBe(false);
    expect(missing).toEqual([
      expect.stringContaining("/data is full"),
      expect.stringMatching(/^the cluster store takes no changes: .*\/data\/cluster-store.*EIO/),
    ]);
  });
});
