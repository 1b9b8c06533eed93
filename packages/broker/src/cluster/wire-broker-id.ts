/** Broker ids as requests name them. */

import { type BrokerId, brokerId, SluiceError } from "@sluice/model";

/** @throws SluiceError INVALID_REQUEST */
export function readBrokerId(value: number): BrokerId {
  if (value < 0) throw new SluiceError("INVALID_REQUEST", { reason: `${value} is no broker id` });
  return brokerId(value);
}

/** Where 0 stands for no broker. @throws SluiceError INVALID_REQUEST */
export function readBrokerIdPlusOne(value: number): BrokerId | undefined {
  return value === 0 ? undefined : readBrokerId(value - 1);
}
