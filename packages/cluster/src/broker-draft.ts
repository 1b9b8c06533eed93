/**
 * What an image shows of brokers, being changed: registrations, whether they may be elected, and which brokers are drained.
 *
 * Two keys make one registration: that of the life, which goes with its lease, and that of the last registration, which says
 * whether the life has been unfenced. They are joined here. What does not change stays the same object.
 */

import type { BrokerId } from "@sluice/model";
import type { BrokerRegistration, ClusterImage, LastRegistration } from "./cluster-image.js";
import { parseBrokerValue, parseLastRegistrationValue } from "./cluster-values.js";
import type { StoredEntry } from "./planned-transaction.js";

/** Keys of these families. */
export interface BrokerFamilyKey {
  readonly type: "broker" | "lastRegistration" | "drainedBroker";
  readonly id: BrokerId;
}

type BrokersOfImage = Pick<ClusterImage, "brokers" | "lastRegistrations" | "drainedBrokers">;

export class BrokerDraft {
  #brokers: CopyOnWrite<BrokerRegistration>;
  #lastRegistrations: CopyOnWrite<LastRegistration>;
  #drained: Set<BrokerId> | undefined;
  readonly #image: BrokersOfImage;

  constructor(image: BrokersOfImage) {
    this.#image = image;
    this.#brokers = new CopyOnWrite(image.brokers);
    this.#lastRegistrations = new CopyOnWrite(image.lastRegistrations);
  }

  put({ type, id }: BrokerFamilyKey, entry: StoredEntry): void {
    switch (type) {
      case "broker": {
        const value = parseBrokerValue(entry.key, entry.value);
        const brokerEpoch = entry.createRevision;
        this.#brokers.set(id, { ...value, id, brokerEpoch, ...stateOf(brokerEpoch, this.#lastRegistrations.get(id)) });
        return;
      }
      case "lastRegistration": {
        this.#lastRegistrations.set(id, lastRegistrationOf(entry));
        this.#rejoin(id);
        return;
      }
      case "drainedBroker":
        this.#drainedToChange().add(id);
    }
  }

  delete({ type, id }: BrokerFamilyKey): void {
    switch (type) {
      case "broker":
        this.#brokers.delete(id);
        return;
      case "lastRegistration":
        this.#lastRegistrations.delete(id);
        this.#rejoin(id);
        return;
      case "drainedBroker":
        this.#drainedToChange().delete(id);
    }
  }

  finish(): BrokersOfImage {
    return {
      brokers: this.#brokers.map,
      lastRegistrations: this.#lastRegistrations.map,
      drainedBrokers: this.#drained ?? this.#image.drainedBrokers,
    };
  }

  #rejoin(id: BrokerId): void {
    const registration = this.#brokers.get(id);
    if (registration === undefined) return;
    const state = stateOf(registration.brokerEpoch, this.#lastRegistrations.get(id));
    this.#brokers.set(id, { ...registration, ...state });
  }

  #drainedToChange(): Set<BrokerId> {
    this.#drained ??= new Set(this.#image.drainedBrokers);
    return this.#drained;
  }
}

function lastRegistrationOf(entry: StoredEntry): LastRegistration {
  const value = parseLastRegistrationValue(entry.key, entry.value);
  const version = entry.modRevision;
  if (value.state === "fenced") return { brokerEpoch: version, isActive: false, version };
  return { brokerEpoch: value.brokerEpoch, isActive: true, version };
}

/** What the last registration says of the life of that epoch. Of another life it says nothing. */
function stateOf(
  brokerEpoch: number,
  last: LastRegistration | undefined,
): Pick<BrokerRegistration, "isActive" | "stateVersion"> {
  if (last?.brokerEpoch !== brokerEpoch) return { isActive: false, stateVersion: 0 };
  return { isActive: last.isActive, stateVersion: last.version };
}

/** A map that is copied when it is first changed. */
class CopyOnWrite<Value> {
  readonly #original: ReadonlyMap<BrokerId, Value>;
  #changed: Map<BrokerId, Value> | undefined;

  constructor(original: ReadonlyMap<BrokerId, Value>) {
    this.#original = original;
  }

  get map(): ReadonlyMap<BrokerId, Value> {
    return this.#changed ?? this.#original;
  }

  get(id: BrokerId): Value | undefined {
    return this.map.get(id);
  }

  set(id: BrokerId, value: Value): void {
    this.#toChange().set(id, value);
  }

  delete(id: BrokerId): void {
    this.#toChange().delete(id);
  }

  #toChange(): Map<BrokerId, Value> {
    this.#changed ??= new Map(this.#original);
    return this.#changed;
  }
}
