import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { untilAborted } from "./until-aborted.js";

async function* numbers(): AsyncGenerator<number> {
  yield 1;
  yield 2;
}

/** One item, then nothing for ever. */
function stuck(onReturn: () => void): AsyncIterable<number> {
  let count = 0;
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => (count++ === 0 ? Promise.resolve({ value: 1, done: false }) : new Promise(() => undefined)),
      return: () => {
        onReturn();
        return Promise.resolve({ value: undefined, done: true });
      },
    }),
  };
}

it("passes everything on and leaves no listener", async () => {
  const { signal } = new AbortController();
  const seen: number[] = [];
  for await (const number of untilAborted(numbers(), signal)) seen.push(number);
  expect(seen).toEqual([1, 2]);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

it("throws the reason while it waits, and gives the stream back", async () => {
  const controller = new AbortController();
  let isReturned = false;
  const items = untilAborted(
    stuck(() => {
      isReturned = true;
    }),
    controller.signal,
  );
  expect((await items.next()).value).toBe(1);
  const waiting = items.next();
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  expect(isReturned).toBe(true);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

it("takes nothing where the signal has aborted before", async () => {
  await expect(untilAborted(numbers(), AbortSignal.abort(new Error("enough"))).next()).rejects.toThrow("enough");
});
