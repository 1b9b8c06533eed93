import { expect, it } from "vitest";
import { nearestNames } from "./nearest-names.js";

it.each([
  ["ordres", ["orders", "payments"], ["orders"]],
  ["order", ["orders", "orders-eu", "x"], ["orders", "orders-eu"]],
  ["ORDERS", ["orders"], ["orders"]],
  ["zebra", ["orders", "payments"], []],
  ["a", ["b", "cde"], ["b"]],
  ["orders", [], []],
])("for %s of %j are %j", (name, candidates, near) => {
  expect(nearestNames(name, candidates)).toEqual(near);
});
