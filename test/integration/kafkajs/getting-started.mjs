// kafkajs's page "Getting Started": only the import and the constructor are others.
import { Sluice } from "@sluice/client";

export async function gettingStarted(brokers, log) {
  const kafka = new Sluice({
    clientId: "my-app",
    brokers,
  });

  const producer = kafka.producer();
  await producer.connect();
  await producer.send({
    topic: "test-topic",
    messages: [{ value: "Hello user!" }],
  });
  await producer.disconnect();

  const consumer = kafka.consumer({ groupId: "test-group" });
  await consumer.connect();
  await consumer.subscribe({ topic: "test-topic", fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      log({ topic, partition, value: message.value.toString() });
    },
  });
  return { kafka, consumer };
}
