import { leaderEpoch, type Offset, offset } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { compareWithLeader, truncationOffset } from "./log-divergence.js";
import { ModelLog, type ModelRecord } from "./testing/model-log.js";

/** A log by the epochs of its records. What an epoch wrote at an offset is always the same record. */
function logOf(epochs: readonly number[]): ModelLog {
  const log = new ModelLog();
  const toRecord = (epoch: number, at: number): ModelRecord => ({
    epoch: leaderEpoch(epoch),
    value: epoch * 1000 + at,
  });
  log.place(epochs.map(toRecord));
  return log;
}

const newestEpoch = leaderEpoch(9);

/** The follower asks and cuts until both agree. Returns where its log ends after each answer. */
function converge(follower: ModelLog, leader: ModelLog): Offset[] {
  const ends: Offset[] = [];
  for (;;) {
    const { endOffset, lastEpoch } = follower;
    const bounds = {
      leaderEpoch: newestEpoch,
      copyStartOffset: leader.copyStartOffset,
      logEndOffset: leader.endOffset,
    };
    const asked = lastEpoch === undefined ? undefined : leader.epochEnd(lastEpoch);
    const answer = compareWithLeader({ endOffset, lastEpoch }, bounds, asked);
    if (answer.type === "agree") return ends;
    if (answer.type === "outOfRange") follower.restart(leader.copyStartOffset);
    else {
      const cut = truncationOffset(endOffset, answer.epochEnd, follower.epochEnd(answer.epochEnd.epoch));
      if (cut === undefined) throw new Error(`the logs diverge and nothing is cut at ${endOffset}`);
      follower.truncate(cut);
    }
    ends.push(follower.endOffset);
  }
}

describe("log divergence", () => {
  // KIP-279's cases of two fast changes of leader: epochs of the leader's log, then of the follower's.
  it.each([
    ["A: the follower is a prefix", [1, 1, 2], [1, 1], 2],
    ["B: the follower has more of the last epoch", [1, 1], [1, 1, 1, 1], 2],
    ["C: the follower has an epoch that the leader lacks", [1, 1, 3], [1, 1, 2, 2], 2],
    ["D: the leader went on in an epoch that the follower left early", [1, 1, 1, 3], [1, 2, 2], 1],
    ["E: each has an epoch that the other lacks", [1, 1, 1, 3, 3, 3, 3, 3], [1, 1, 1, 2, 2, 4], 3],
    ["F: the follower's epochs are all newer", [1, 1], [2, 2, 2], 0],
    ["G: the leader's epochs are all newer", [4, 4, 4], [1, 2, 3], 0],
  ] as const)("%s", (_name, leaderEpochs, followerEpochs, agreedOffset) => {
    const follower = logOf(followerEpochs);
    converge(follower, logOf(leaderEpochs));
    expect(follower.endOffset).toBe(agreedOffset);
  });

  it("takes a second answer where one is not enough", () => {
    expect(converge(logOf([1, 1, 1, 2, 2, 4]), logOf([1, 1, 1, 3, 3, 3, 3, 3]))).toEqual([5, 3]);
  });

  it("begins again where all that the follower has lies below what the leader has kept", () => {
    const leader = logOf([1, 1, 1, 1, 1, 1, 1, 1]);
    leader.deleteBefore(6);
    const behind = logOf([1, 1]);
    converge(behind, leader);
    expect([behind.logStartOffset, behind.endOffset]).toEqual([4, 4]);
    // It may have others there than the leader had: nothing can tell.
    const adjacent = logOf([1, 1, 1, 1]);
    converge(adjacent, leader);
    expect(adjacent.lastEpoch).toBeUndefined();
  });

  it("cuts what lies beyond the end of a leader without records", () => {
    const leader = logOf([]);
    leader.restart(2);
    const follower = logOf([1, 1, 1, 1]);
    expect(converge(follower, leader)).toEqual([2, 2]);
    const empty = logOf([]);
    empty.restart(7);
    expect(
      compareWithLeader(
        empty,
        { leaderEpoch: newestEpoch, copyStartOffset: offset(2), logEndOffset: offset(2) },
        undefined,
      ),
    ).toEqual({ type: "diverge", epochEnd: { epoch: newestEpoch, endOffset: 2 } });
  });

  it("ends with a prefix of the leader's log, and keeps all that both had in common", () => {
    // One history of epochs, of which each log has followed another part: an epoch always begins at one offset.
    const steps = fc.array(
      fc.record({ cutTo: fc.nat(12), count: fc.integer({ min: 1, max: 4 }), isLeader: fc.boolean() }),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const logs = { leader: [] as number[], follower: [] as number[] };
        list.forEach(({ cutTo, count, isLeader }, index) => {
          const wrote = isLeader ? logs.leader : logs.follower;
          wrote.push(...Array.from({ length: count }, () => index + 1));
          // The other one follows some of it, or none.
          if (cutTo > 6) logs[isLeader ? "follower" : "leader"] = wrote.slice(0, Math.max(cutTo - 6, 0) * 2);
        });
        const [leader, follower] = [logOf(logs.leader), logOf(logs.follower)];
        let common = 0;
        while (common < follower.endOffset && follower.at(common)?.value === leader.at(common)?.value) common += 1;
        converge(follower, leader);
        expect(follower.endOffset).toBe(common);
      }),
      { numRuns: propertyRuns({ usual: 500, long: 20_000 }) },
    );
  });
});
