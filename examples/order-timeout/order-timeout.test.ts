import { startTestCluster } from "@sluice/testing";
import { expect, it } from "vitest";
import { cancelUnpaidOrders } from "./src/cancel-unpaid-orders.js";
import { cancelled, createTopics, order, pay } from "./src/shop.js";
import { cancellations } from "./src/topics.js";

const ids = Array.from({ length: 30 }, (_, index) => `order-${index}`);
const unpaid = ids.filter((_, index) => index % 3 === 0);
const paid = ids.filter((_, index) => index % 3 !== 0);

it("cancels the orders that were not paid, and no other, over a restart of the service", async () => {
  await using cluster = await startTestCluster();
  const sluice = cluster.createClient();
  await createTopics(sluice);
  await order(sluice, ids.slice(0, 15));
  await pay(sluice, paid);
  {
    await using first = await cancelUnpaidOrders(sluice, { timeoutMs: 200 });
    await Promise.race([cancelled(sluice, 2), first.finished]);
  }
  await using second = await cancelUnpaidOrders(sluice, { timeoutMs: 200 });
  await order(sluice, ids.slice(15));
  const seen = new Set<string>();
  // An order that was being decided when the service stopped may be cancelled twice: the key says it is the same.
  for (let count = unpaid.length; seen.size < unpaid.length; count += 1) {
    const arrived = await Promise.race([cancelled(sluice, count), second.finished.then(() => [])]);
    for (const id of arrived) seen.add(id);
  }
  expect([...seen].sort()).toEqual([...unpaid].sort());
  const offsets = await sluice.admin().fetchTopicOffsets(cancellations.name);
  const total = offsets.reduce((sum, { high }) => sum + high, 0);
  const all = await cancelled(sluice, total);
  expect(all.filter((id) => paid.includes(id))).toEqual([]);
});

it("lets an order wait much longer than the session timeout of the group", async () => {
  await using cluster = await startTestCluster();
  const sluice = cluster.createClient();
  await createTopics(sluice);
  await using _timeouts = await cancelUnpaidOrders(sluice, { timeoutMs: 3000 });
  await order(sluice, ["slow"]);
  expect(await cancelled(sluice, 1)).toEqual(["slow"]);
});
