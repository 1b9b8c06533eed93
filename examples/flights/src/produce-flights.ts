/** Produces messages with a few sends in flight, and notes where each one went. */

import type { Sluice } from "@sluice/client";
import type { FlightMessage } from "./flight-data.js";
import { RecordLedger } from "./record-ledger.js";

const messagesASend = 1000;
const sendsInFlightMax = 4;

/** @param onProgress told how many are acknowledged */
export async function produceFlights(
  client: Sluice,
  topic: string,
  messages: readonly FlightMessage[],
  onProgress: (acknowledged: number) => void,
): Promise<RecordLedger> {
  await using producer = client.producer({ acks: "all" });
  const ledger = new RecordLedger();
  let next = 0;
  let acknowledged = 0;
  const sendRest = async (): Promise<void> => {
    while (next < messages.length) {
      const sent = messages.slice(next, next + messagesASend);
      next += sent.length;
      const places = await producer.send({ topic, messages: sent });
      for (const [index, { partition, offset }] of places.entries())
        ledger.add({ ...(sent[index] as FlightMessage), partition, offset });
      acknowledged += sent.length;
      onProgress(acknowledged);
    }
  };
  await Promise.all(Array.from({ length: sendsInFlightMax }, sendRest));
  return ledger;
}
