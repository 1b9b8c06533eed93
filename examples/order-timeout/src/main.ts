/** Takes five orders, pays two of them, and prints which ones are cancelled after a second. */

import { startTestCluster } from "@sluice/testing";
import { cancelUnpaidOrders } from "./cancel-unpaid-orders.js";
import { cancelled, createTopics, order, pay } from "./shop.js";

await using cluster = await startTestCluster();
const sluice = cluster.createClient();
await createTopics(sluice);
await using _timeouts = await cancelUnpaidOrders(sluice, { timeoutMs: 1000 });
await order(sluice, ["ann-1", "bob-1", "cleo-1", "dan-1", "eve-1"]);
await pay(sluice, ["bob-1", "eve-1"]);
for (const id of await cancelled(sluice, 3)) console.log(`${id} was not paid in time: cancelled`);
