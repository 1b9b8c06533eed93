/** Every planted bug still has a place in the sources: a change there must bring the bug along, or the simulator is no longer tested. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { plantedBugs, plantedIn } from "../../packages/simulator/src/planted-bugs/planted-bugs.js";

const root = join(import.meta.dirname, "../..");

describe("planted bugs", () => {
  it.each(plantedBugs)("$id can be planted", ({ changes }) => {
    for (const change of changes) {
      const source = readFileSync(join(root, change.file), "utf8");
      expect(plantedIn(source, change)).not.toBe(source);
    }
  });
});
