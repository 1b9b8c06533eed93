/** Reads that an admin asks again while no broker answers. */

import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { withRetries } from "../retry-policy.js";

/**
 * Asks again within the request timeout while none of the brokers answers, as when all are restarted. Where none ever has, their addresses
 * may well be wrong: that is told at once.
 * @throws what `ask` throws
 */
export function awaitAnswer<Answer>(
  ask: () => Promise<Answer>,
  { clock, policy, requestTimeoutMs: timeoutMs, metadata }: ClientDependencies,
  { signal }: Cancellable,
): Promise<Answer> {
  return withRetries(ask, {
    ...{ clock, policy, timeoutMs, signal },
    isWorthRetry: ({ code }) => code === "BROKER_UNREACHABLE" && metadata.ageMs !== undefined,
  });
}
