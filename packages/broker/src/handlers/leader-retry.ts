/**
 * Waits out the moments in which a partition has no leader that answers: after its topic was created, while its log is opened,
 * after a change of leader.
 *
 * Only refusals after which nothing was appended are tried again. The data plane does not do this, its clients do; it is for
 * calls that have no client library.
 */

import { type Clock, type ErrorCode, isSluiceError, sleep } from "@sluice/model";

const leaderWaitMsMax = 5000;
const delayMsMin = 10;
const delayMsMax = 200;

/** Refusals by a broker that does not know, or does not lead, the partition yet or any more. */
const passingRefusals: readonly ErrorCode[] = [
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER",
  "UNKNOWN_TOPIC",
  "UNKNOWN_PARTITION",
];

/**
 * Makes `attempt` until it succeeds, fails for another reason, or 5 s have passed.
 * @throws what the last attempt threw, or the reason of `signal`
 */
export async function retryUntilLed<Result>(
  attempt: () => Result | Promise<Result>,
  dependencies: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Result> {
  const { clock, signal } = dependencies;
  const deadlineMs = clock.monotonicMs() + leaderWaitMsMax;
  for (let delayMs = delayMsMin; ; delayMs = Math.min(delayMs * 2, delayMsMax)) {
    try {
      return await attempt();
    } catch (error) {
      const isPassing = isSluiceError(error) && passingRefusals.includes(error.code);
      if (!isPassing || clock.monotonicMs() + delayMs > deadlineMs) throw error;
    }
    await sleep(clock, delayMs, signal);
  }
}
