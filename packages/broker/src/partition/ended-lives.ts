/**
 * Lives of other brokers that are over, as far as is known here: for leaderships that begin after it was told.
 *
 * A broker that is not registered has no life. One that is may have been found to be gone all the same, before its lease has run out;
 * a sign of life since says that it was only a broken stream.
 */

import type { ClusterImage } from "@sluice/cluster";
import type { BrokerId } from "@sluice/model";

export class EndedLives {
  /** Lives that were found to be over, the newest of each broker. */
  readonly #gone = new Map<BrokerId, number>();

  gone(broker: BrokerId, brokerEpoch: number): void {
    this.#gone.set(broker, brokerEpoch);
  }

  /** The last life of that broker, where it is over; undefined: it may well run, or it never did. */
  endedLifeOf(broker: BrokerId, image: ClusterImage, isHeardFrom: (broker: BrokerId) => boolean): number | undefined {
    const registered = image.brokers.get(broker);
    if (registered === undefined) return image.lastRegistrations.get(broker)?.brokerEpoch ?? this.#gone.get(broker);
    const { brokerEpoch } = registered;
    return this.#gone.get(broker) === brokerEpoch && !isHeardFrom(broker) ? brokerEpoch : undefined;
  }
}

/** Lives that were registered in one image and are not in a later one: their leases ran out, or were given back. */
export function endedRegistrations(
  before: ClusterImage["brokers"],
  after: ClusterImage["brokers"],
): { readonly id: BrokerId; readonly brokerEpoch: number }[] {
  return [...before.values()].filter(({ id, brokerEpoch }) => after.get(id)?.brokerEpoch !== brokerEpoch);
}
