// A program of a user, as an ES module: a cluster of its own, a typed topic, a message there and back.
import { defineTopic, json, string } from "@sluice/client";
import { startTestCluster } from "@sluice/testing";

const orders = defineTopic("orders", { key: string, value: json() });
const cluster = await startTestCluster();
const client = cluster.createClient();
await client.admin().createTopics({ topics: [{ topic: orders.name }] });
await client.producer().send({ topic: "orders", messages: [{ key: "o-1", value: "12.50" }] });
for await (const message of client.consumer().read({ topic: "orders", from: "earliest", limit: 1 }))
  console.log(String(message.key), String(message.value));
await cluster.close();
