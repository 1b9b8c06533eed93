import type { MessageStream, StreamHandler } from "@sluice/model";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type LibraryMethods, Reflection } from "./reflection.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  let loads = 0;
  const load = (): Promise<LibraryMethods> => {
    loads += 1;
    return Promise.resolve(new Map());
  };
  const reflection = new Reflection({ services: [], load });
  const handler = reflection.methods()[0]?.handler as unknown as StreamHandler<Buffer, Buffer>;
  const stream: MessageStream<Buffer> = { send: () => true, end() {}, abort() {}, pause() {}, resume() {} };
  const context = { signal: new AbortController().signal, authority: "", peer: "", clientId: "" };
  return { reflection, open: () => handler(stream, context), loads: () => loads };
}

it("makes its tables once for many short calls, and lets them go ten seconds after the last", () => {
  const { open, loads } = setUp();
  for (let call = 0; call < 100; call += 1) {
    open().onEnd();
    vi.advanceTimersByTime(100);
  }
  expect(loads()).toBe(1);
  const long = open();
  vi.advanceTimersByTime(60_000);
  long.onEnd();
  open().onEnd();
  expect(loads()).toBe(1);
  vi.advanceTimersByTime(10_000);
  open().onEnd();
  expect(loads()).toBe(2);
});

it("leaves no timer when it is closed, also with a stream that ends later", () => {
  const { reflection, open } = setUp();
  open().onEnd();
  const late = open();
  reflection.close();
  late.onEnd();
  expect(vi.getTimerCount()).toBe(0);
});
