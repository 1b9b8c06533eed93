/** Topics of the shop. All three are keyed by the id of the order, so an order and its payment are in partitions of one number. */

import { defineTopic, json, string } from "@sluice/client";

export interface Order {
  readonly amount: number;
}

export interface Payment {
  readonly amount: number;
}

export interface Cancellation {
  readonly reason: "not paid in time";
  /** When the time was over, milliseconds since 1970. */
  readonly dueMs: number;
}

export const orders = defineTopic("orders", { key: string, value: json<Order>() });
export const payments = defineTopic("payments", { key: string, value: json<Payment>() });
export const cancellations = defineTopic("cancellations", { key: string, value: json<Cancellation>() });

/** Orders and payments have the same count, which keeps an order and its payment together. */
export const partitionCount = 3;
