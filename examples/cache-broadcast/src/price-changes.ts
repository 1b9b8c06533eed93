/** The topic that tells every instance which prices changed. Compacted: of each product the last price is kept for ever. */

import { defineTopic, json, string } from "@sluice/client";

export interface Price {
  readonly cents: number;
}

export const priceChanges = defineTopic("price-changes", { key: string, value: json<Price>() });

export const priceChangesConfig = [{ name: "cleanup.policy", value: "compact" }];
