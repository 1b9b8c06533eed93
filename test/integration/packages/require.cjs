// A program of a user, as CommonJS: require() of ES modules, and a message there and back.
const { Sluice, SluiceError } = require("@sluice/client");
const { startTestCluster } = require("@sluice/testing");

async function main() {
  const cluster = await startTestCluster();
  const client = new Sluice({ brokers: cluster.brokers.join(",") });
  await client.admin().createTopics({ topics: [{ topic: "orders", numPartitions: 1 }] });
  await client.producer().send({ topic: "orders", messages: [{ key: "o-1", value: "12.50" }] });
  for await (const message of client.consumer().read({ topic: "orders", from: "earliest", limit: 1 }))
    console.log(String(message.key), String(message.value));
  await client.close();
  await cluster.close();
  if (typeof SluiceError !== "function") throw new Error("SluiceError is not there");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
