/** The topic of confirmed orders, keyed by order. */

import { defineTopic, json, string } from "@sluice/client";

export interface ConfirmedOrder {
  readonly email: string;
}

export const confirmedOrders = defineTopic("confirmed-orders", { key: string, value: json<ConfirmedOrder>() });
