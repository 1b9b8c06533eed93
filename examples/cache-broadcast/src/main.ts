/** Three instances of a service hear of every change of a price, and one that starts later knows them all. */

import { startTestCluster } from "@sluice/testing";
import { PriceCache } from "./price-cache.js";
import { priceChanges, priceChangesConfig } from "./price-changes.js";

await using cluster = await startTestCluster();
const sluice = cluster.createClient();
await sluice.admin().createTopics({ topics: [{ topic: priceChanges.name, configEntries: priceChangesConfig }] });
const producer = sluice.producer();

const instances = ["web-1", "web-2", "web-3"].map((name) => ({ name, cache: new PriceCache(sluice, name) }));
await Promise.all(instances.map(({ cache }) => cache.start()));
await producer.send({ topic: priceChanges, messages: [{ key: "tea", value: { cents: 450 } }] });
const late = { name: "web-4", cache: new PriceCache(sluice, "web-4") };
await late.cache.start();

for (const { name, cache } of [...instances, late]) {
  await cache.until("tea", 450);
  console.log(`${name}: tea costs ${(cache.price("tea")?.cents ?? 0) / 100}`);
}
