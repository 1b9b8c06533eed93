import { expect, it } from "vitest";
import { StallWatch } from "./stall-watch.js";

function watchOf(state: { acknowledged: number; isWaiting: boolean }) {
  const said: string[] = [];
  const watch = new StallWatch({
    progress: () => state.acknowledged,
    isWaiting: () => state.isWaiting,
    say: (text) => void said.push(text),
  });
  return { watch, said };
}

it("says why nothing goes on while the client tries again", () => {
  const { watch, said } = watchOf({ acknowledged: 0, isWaiting: true });
  watch.logger().debug({ code: "DISK_FULL" }, "produce refused, will retry");
  watch.look();
  expect(said).toEqual([expect.stringMatching(/No record was acknowledged.*disk of a broker is full.*goes on trying/)]);
});

it("says nothing while records are acknowledged, or nothing is waited for", () => {
  const state = { acknowledged: 1, isWaiting: true };
  const { watch, said } = watchOf(state);
  watch.look();
  state.isWaiting = false;
  watch.look();
  expect(said).toEqual([]);
});

it("forgets a reason that is over", () => {
  const state = { acknowledged: 0, isWaiting: true };
  const { watch, said } = watchOf(state);
  watch.logger().debug({ code: "DISK_FULL" }, "produce refused, will retry");
  state.acknowledged = 5;
  watch.look();
  watch.look();
  expect(said.join("")).not.toMatch(/disk/);
});

it("passes on what is logged", () => {
  const { watch } = watchOf({ acknowledged: 0, isWaiting: false });
  const passed: string[] = [];
  const next = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_: object, text: string) => void passed.push(text),
    error: () => undefined,
  };
  watch.logger(next).warn({}, "odd");
  expect(passed).toEqual(["odd"]);
});
