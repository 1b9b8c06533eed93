/** Ends the wait for the next item of a stream as soon as a signal aborts, whatever the stream does. */

/**
 * The items of `items`. Leaves no listener behind.
 * @throws the reason of `signal` once it aborts
 */
export async function* untilAborted<Item>(items: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
  });
  aborted.catch(() => undefined); // Nobody may be waiting when it comes.
  signal.addEventListener("abort", onAbort, { once: true });
  let isEnded = false;
  try {
    signal.throwIfAborted();
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done === true) {
        isEnded = true;
        return;
      }
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // A stream that waits for its next item cannot be returned from: it is left, not waited for.
    if (!isEnded) void iterator.return?.().catch(() => undefined);
  }
}
