import { expect, it } from "vitest";
import { formatTable } from "../table.js";
import { absentBrokersText } from "./absent-brokers.js";
import { isUnderReplicated, placeCells, placeColumns, placeOf } from "./partition-place.js";

const described = {
  partition: 3,
  leaderId: 1,
  leaderEpoch: 7,
  replicas: [1, 2],
  inSyncReplicas: [1],
  eligibleLeaderReplicas: [],
  offlineReplicas: [2],
  addingReplicas: [],
  removingReplicas: [],
};

it("shows where a partition is, with and without a leader", () => {
  const places = [described, { ...described, leaderId: undefined, offlineReplicas: [] }].map(placeOf);
  expect(formatTable(placeColumns, places.map(placeCells))).toBe(
    "PARTITION  LEADER  EPOCH  REPLICAS  IN-SYNC  OFFLINE\n" +
      "        3       1      7  1,2       1        2\n" +
      "        3       -      7  1,2       1        -\n",
  );
});

it("misses no replica that a move is still copying", () => {
  expect(isUnderReplicated(described)).toBe(true);
  expect(isUnderReplicated({ ...described, addingReplicas: [2] })).toBe(false);
  expect(isUnderReplicated({ ...described, replicas: [1, 2, 3], addingReplicas: [2] })).toBe(true);
  expect(isUnderReplicated({ ...described, inSyncReplicas: [2, 1] })).toBe(false);
});

it("names brokers that keep replicas and are not running", () => {
  const offline = [[3, 2], [2], []].map((offlineReplicas) => ({ offlineReplicas }));
  expect(absentBrokersText(offline)).toBe(
    "broker 2 is not running, and keeps 2 replicas\nbroker 3 is not running, and keeps 1 replica\n",
  );
  expect(absentBrokersText([])).toBe("");
});
