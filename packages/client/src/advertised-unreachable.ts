/**
 * The most common mistake of a cluster behind a port mapping or in containers: the address that the client was given answers,
 * and the addresses that the brokers give for themselves do not.
 */

import { addressText, type BrokerAddress, SluiceError } from "@sluice/model";

/** A broker, by the address that it gives and the address at which this client dials it. */
export interface AdvertisedBroker {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  /** Through `addressMap`. */
  readonly address: BrokerAddress;
}

/**
 * BROKER_UNREACHABLE that names both addresses and what to do, with the plain error as its cause.
 * @param where.reached address of a broker that did answer.
 */
export function advertisedUnreachable(
  error: SluiceError,
  where: { readonly broker: AdvertisedBroker; readonly reached: string },
): SluiceError {
  const { broker, reached } = where;
  const dialled = addressText(broker.address);
  const advertised = addressText(broker);
  const by = dialled === advertised ? "that address" : `${advertised} (dialled as ${dialled})`;
  const plain = String(error.details.reason ?? error.message).replace(/\.$/, "");
  const reason =
    `broker ${broker.id} advertises ${by}, while ${reached} answers; from here it does not (${plain}). Outside the brokers' ` +
    "own network, dial a listener that is meant for here (listeners, advertisedListeners), give them an advertised address that " +
    "can be reached from here, or set addressMap";
  return new SluiceError("BROKER_UNREACHABLE", { addresses: dialled, reason }, { cause: error });
}
