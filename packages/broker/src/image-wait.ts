/** Waits for something to show in the cluster image, and not for ever. */

import type { ClusterImage } from "@sluice/cluster";
import type { ImageWatcher } from "@sluice/coordination";
import type { Clock } from "@sluice/model";

/**
 * Whether an image that satisfies `condition` came within `waitMsMax`.
 * @throws SluiceError CLOSED
 */
export async function imageShows(
  condition: (image: ClusterImage) => boolean,
  waitMsMax: number,
  { images, clock }: { readonly images: ImageWatcher; readonly clock: Clock },
): Promise<boolean> {
  const timeout = new AbortController();
  const timer = clock.setTimer(waitMsMax, () => timeout.abort());
  try {
    await images.waitFor(condition, timeout.signal);
    return true;
  } catch (error) {
    if (!timeout.signal.aborted) throw error;
    return false;
  } finally {
    timer.cancel();
  }
}
