import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CommittedBytes } from "./committed-bytes.js";

describe("CommittedBytes", () => {
  it("counts what a list that is summed up counts", () => {
    const command = fc.record({
      do: fc.constantFrom("place", "place", "advance", "takeBack"),
      amount: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80, size: "max" }), (commands) => {
        const bytes = new CommittedBytes(0, 0);
        let list: { end: number; sizeBytes: number }[] = [];
        let [placed, committed] = [0, 0];
        for (const { do: what, amount } of commands) {
          if (what === "place") {
            placed += amount;
            bytes.placed(placed, amount * 10);
            list.push({ end: placed, sizeBytes: amount * 10 });
          } else if (what === "advance") {
            committed = Math.min(placed, committed + amount);
            bytes.advance(committed);
          } else {
            placed = Math.max(committed, placed - amount);
            bytes.takenBack(placed);
            list = list.filter(({ end }) => end <= placed);
          }
          const sum = list.reduce((all, { end, sizeBytes }) => (end <= committed ? all + sizeBytes : all), 0);
          expect(bytes.total).toBe(sum);
        }
      }),
    );
  });

  it("counts what the epoch began with as more than anybody waits for", () => {
    const bytes = new CommittedBytes(3, 10);
    bytes.advance(9);
    expect(bytes.total).toBe(0);
    bytes.advance(10);
    expect(bytes.total).toBeGreaterThan(2 ** 30);
  });
});
