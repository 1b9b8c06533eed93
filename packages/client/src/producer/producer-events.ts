/** Events of a producer: kafkajs's for connecting, and ours for `write`. */

import { nearestName, SluiceError } from "@sluice/model";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { SendError } from "./pending-send.js";

/** Names of the events that kafkajs has too. */
export const producerEvents = { CONNECT: "producer.connect", DISCONNECT: "producer.disconnect" } as const;

/** By name of the event: its payload. */
export interface ProducerEvents {
  /** The cluster answered to `connect`. */
  readonly "producer.connect": null;
  /** The producer is closed. */
  readonly "producer.disconnect": null;
  /** After `write` returned false: half of the room is free again. */
  readonly drain: null;
  /** A message that was given to `write` has failed. With nobody listening it is logged as an error. */
  readonly deliveryError: DeliveryError;
}

/** A message that was not delivered. */
export interface DeliveryError {
  /** Topic that the message was for. */
  readonly topic: string;
  /** As it was given to `write`. */
  readonly message: OutgoingMessage;
  /** `mayBeWritten` says whether it may be in the log all the same. */
  readonly error: SendError;
}

const names = ["producer.connect", "producer.disconnect", "drain", "deliveryError"];

/** @throws SluiceError REPLACED_OPTION for kafkajs's events of the network, UNKNOWN_OPTION for names that are no events */
export function checkEventName(option: string): void {
  if (names.includes(option)) return;
  const subject = "the events of a producer";
  if (!option.startsWith("producer.network."))
    throw new SluiceError("UNKNOWN_OPTION", { option, subject, nearest: nearestName(option, names) });
  const reason = "many records share a request, so requests are counted and timed by the brokers";
  const replacement =
    "Leave it out, and see the metrics of the brokers (docs/metrics.md) or the tracing of the client.";
  throw new SluiceError("REPLACED_OPTION", { option, subject, reason, replacement });
}
