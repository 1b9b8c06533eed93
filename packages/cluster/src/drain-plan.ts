/** Marking a broker as drained, so that nothing new is placed on it, and taking the mark away. */

import { type BrokerId, SluiceError } from "@sluice/model";
import type { ClusterImage } from "./cluster-image.js";
import { drainedBrokerKey } from "./cluster-keys.js";
import { formatDrainedBrokerValue } from "./cluster-values.js";
import type { PlannedTransaction } from "./planned-transaction.js";

/**
 * Marks it, or takes the mark away; undefined where it is so already. A broker need not be running.
 *
 * @throws SluiceError UNKNOWN_BROKER where no broker ever registered under that id
 */
export function planBrokerDrain(
  image: ClusterImage,
  request: { readonly broker: BrokerId; readonly isDrained: boolean },
): PlannedTransaction | undefined {
  const { broker, isDrained } = request;
  if (!image.lastRegistrations.has(broker) && !image.drainedBrokers.has(broker)) {
    throw new SluiceError("UNKNOWN_BROKER", { broker });
  }
  if (image.drainedBrokers.has(broker) === isDrained) return undefined;
  const key = drainedBrokerKey(broker);
  return {
    purpose: isDrained ? `marking broker ${broker} as drained` : `taking broker ${broker} into use again`,
    compares: [],
    operations: [isDrained ? { type: "put", key, value: formatDrainedBrokerValue() } : { type: "delete", key }],
  };
}
