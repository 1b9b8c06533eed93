/** Waits for something that may never come, and not for ever. */

import { type Clock, sleep } from "@sluice/model";

/**
 * Whether `work` has ended within `waitMsMax`. Where it has not, it goes on, and what becomes of it is nobody's concern.
 * @throws what `work` rejects with in time
 */
export async function endsWithin(work: Promise<unknown>, waitMsMax: number, clock: Clock): Promise<boolean> {
  const ended = new AbortController();
  const inTime = work.then(
    () => true,
    (error: unknown) => {
      if (!ended.signal.aborted) throw error;
      return false;
    },
  );
  const late = sleep(clock, waitMsMax, ended.signal).then(
    () => false,
    // Aborted below: the work has ended.
    () => true,
  );
  try {
    return await Promise.race([inTime, late]);
  } finally {
    ended.abort();
  }
}
