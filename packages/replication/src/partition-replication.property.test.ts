/**
 * A whole partition under random faults: three machines with logs, streams that break, a store that answers late and is heard late,
 * elections that nobody needed, processes killed and machines without power, disks that fill up or are replaced.
 *
 * At every moment whoever may be elected must have all that was ever committed; what is committed at an offset never changes; what a
 * producer heard to be committed is. When the faults end, all logs become equal.
 */

import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import type { PartitionEffect } from "./partition-effect.js";
import { ModelCluster } from "./testing/model-cluster.js";
import { heal } from "./testing/model-healing.js";
import { type ModelCommand, runStep, stepNames } from "./testing/model-steps.js";

const broker = fc.integer({ min: 1, max: 3 });
const anyCommand: fc.Arbitrary<ModelCommand> = fc.record({
  name: fc.constantFrom(...stepNames),
  a: broker,
  b: broker,
  n: fc.nat(11),
});
const commands = fc.array(anyCommand, { maxLength: 600, size: "max" });

const counts = new Map<PartitionEffect["type"], number>();

function run(cluster: ModelCluster, list: readonly ModelCommand[], isMinChanged: boolean): void {
  list.forEach((command, at) => {
    runStep(cluster, command);
    // It goes down and up again, and each broker hears of it at another time.
    if (isMinChanged && at % 60 === 59) cluster.setMin(cluster.store.inSyncReplicasMin === 2 ? 1 : 2);
    cluster.assertSafe();
  });
  heal(cluster);
  for (const [type, count] of cluster.effectCounts) counts.set(type, (counts.get(type) ?? 0) + count);
}

describe("a partition on three brokers", () => {
  const numRuns = propertyRuns({ usual: 300, long: 20_000 });

  it("loses nothing that is committed with flush=always, whoever loses power", () => {
    fc.assert(
      fc.property(commands, (list) =>
        run(new ModelCluster({ inSyncReplicasMin: 2, isFlushedAlways: true }), list, false),
      ),
      { numRuns, endOnFailure: true },
    );
  });

  it("loses nothing that is committed with flush=os, when all are killed or one loses power", () => {
    fc.assert(
      fc.property(commands, (list) =>
        run(new ModelCluster({ inSyncReplicasMin: 2, isFlushedAlways: false }), list, false),
      ),
      { numRuns, endOnFailure: true },
    );
  });

  it("loses nothing that is committed while one in-sync replica is enough, or as many as were set last", () => {
    fc.assert(
      fc.property(commands, fc.boolean(), fc.boolean(), (list, isFlushedAlways, isMinChanged) => {
        run(new ModelCluster({ inSyncReplicasMin: 1, isFlushedAlways }), list, isMinChanged);
      }),
      { numRuns, endOnFailure: true },
    );
  });

  afterAll(() => {
    // Runs in which nothing happens prove nothing.
    const countOf = (type: PartitionEffect["type"]): number => counts.get(type) ?? 0;
    for (const type of ["acknowledgeProduce", "truncateLog", "changeReplicaSets", "holdReplica"] as const) {
      expect(countOf(type), type).toBeGreaterThan(100);
    }
    expect(countOf("restartLog")).toBeGreaterThan(0);
  });
});
