import { startTestCluster } from "@sluice/testing";
import { expect, it } from "vitest";
import { PriceCache } from "./src/price-cache.js";
import { priceChanges, priceChangesConfig } from "./src/price-changes.js";

it("tells every instance every change, one that starts later too, and leaves no group behind", async () => {
  await using cluster = await startTestCluster();
  const sluice = cluster.createClient();
  const admin = sluice.admin();
  await admin.createTopics({ topics: [{ topic: priceChanges.name, configEntries: priceChangesConfig }] });
  const producer = sluice.producer();
  {
    await using first = new PriceCache(sluice, "first");
    await using second = new PriceCache(sluice, "second");
    await Promise.all([first.start(), second.start()]);
    await producer.send({
      topic: priceChanges,
      messages: [
        { key: "tea", value: { cents: 450 } },
        { key: "cake", value: { cents: 380 } },
        { key: "tea", value: { cents: 470 } },
      ],
    });
    await producer.send({
      topic: priceChanges,
      messages: [
        { key: "cake", value: null },
        { key: "end", value: { cents: 1 } },
      ],
    });
    await using late = new PriceCache(sluice, "late");
    await late.start();
    for (const cache of [first, second, late]) {
      await cache.until("end", 1);
      expect([cache.price("tea")?.cents, cache.price("cake")]).toEqual([470, undefined]);
    }
    expect((await admin.listGroups()).groups).toHaveLength(3);
  }
  expect((await admin.listGroups()).groups).toEqual([]);
});
