/** The topic of registrations, keyed by user. */

import { defineTopic, json, string } from "@sluice/client";

export interface Registration {
  readonly name: string;
  readonly email: string;
  /** Undefined: the user gave none. */
  readonly phone?: string;
}

export const registrations = defineTopic("registrations", { key: string, value: json<Registration>() });

/** Where the messages go that a service could not send after its retries. */
export const undeliverable = "registrations.undeliverable";
