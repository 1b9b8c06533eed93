/** Slows groups of messages down to a rate, evenly: in pieces of a twentieth of a second. */

import { setTimeout } from "node:timers/promises";
import type { InputGroup } from "./input-format.js";

const piecesPerSecond = 20;

/** Time as the pacing sees it. */
export interface PacingClock {
  /** Milliseconds from any beginning; it never goes back. */
  nowMs(): number;
  /** @throws the reason of `signal` once it aborts */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const realClock: PacingClock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
};

/**
 * The messages of `groups`, at most `rate` a second. What the source was late with is not made up for: a rate is a limit.
 * @throws the reason of `signal` once it aborts
 */
export async function* pacedGroups(
  groups: AsyncIterable<InputGroup>,
  rate: number,
  signal: AbortSignal,
  clock: PacingClock = realClock,
): AsyncGenerator<InputGroup> {
  const pieceSize = Math.max(1, Math.floor(rate / piecesPerSecond));
  let nextMs = clock.nowMs();
  for await (const group of groups) {
    for (let start = 0; start < group.messages.length; start += pieceSize) {
      const waitMs = nextMs - clock.nowMs();
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      const messages = group.messages.slice(start, start + pieceSize);
      nextMs = Math.max(nextMs, clock.nowMs() - 1000 / piecesPerSecond) + (messages.length * 1000) / rate;
      yield { messages, placeOf: (index) => group.placeOf(start + index) };
    }
  }
}
