/**
 * The name that a client gives itself, on its way through the metadata of each call: `sluice-client-id`.
 *
 * It is for quotas, logs and people. Nobody checks that it is true. Both sides keep it to printable ASCII and a bounded length,
 * because the other may be any program.
 */

import { Metadata } from "@grpc/grpc-js";

export const clientIdKey = "sluice-client-id";
/** Characters that are kept of a longer name. */
export const clientIdLengthMax = 128;

/** Metadata that says who calls; empty for a client without a name. */
export function clientIdMetadata(clientId: string): Metadata {
  const metadata = new Metadata();
  const text = clipClientId(clientId);
  if (text !== "") metadata.set(clientIdKey, text);
  return metadata;
}

/** What a call says of its caller; empty where it says nothing. */
export function clientIdOf(metadata: Metadata): string {
  const [value] = metadata.get(clientIdKey);
  return typeof value === "string" ? clipClientId(value) : "";
}

/** Printable ASCII without blanks around it, every other character a question mark. */
function clipClientId(text: string): string {
  return text
    .slice(0, clientIdLengthMax)
    .replace(/[^ -~]/g, "?")
    .trim();
}
