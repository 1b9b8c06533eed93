// kafkajs's page "Producing Messages": only the import and the constructor are others.
import { CompressionTypes, Partitioners } from "@sluice/client";

export async function options(kafka) {
  const producer = kafka.producer({ allowAutoTopicCreation: false, maxInFlightRequests: 5, idempotent: true });
  await producer.connect();
  await producer.disconnect();
}

export async function keys(kafka) {
  const producer = kafka.producer();
  await producer.connect();
  return await producer.send({
    topic: "topic-name",
    messages: [
      { key: "key1", value: "hello world" },
      { key: "key2", value: "hey hey!" },
    ],
  });
}

export async function definedPartition(kafka) {
  const producer = kafka.producer();
  await producer.connect();
  return await producer.send({
    topic: "topic-name",
    messages: [
      { key: "key1", value: "hello world", partition: 0 },
      { key: "key2", value: "hey hey!", partition: 1 },
    ],
    acks: -1,
    timeout: 30000,
    compression: CompressionTypes.None,
  });
}

export async function headersAndTimestamp(kafka) {
  const producer = kafka.producer();
  await producer.send({
    topic: "headers-topic",
    messages: [
      {
        key: "key1",
        value: "hello world",
        timestamp: "1700000000000",
        headers: {
          "correlation-id": "2bfb68bb-893a-423b-a7fa-7b568cad5b67",
          "system-id": ["my-system", "its-twin"],
        },
      },
    ],
  });
}

export async function multipleTopics(kafka) {
  const producer = kafka.producer();
  const topicMessages = [
    { topic: "topic-a", messages: [{ key: "key", value: "hello topic-a" }] },
    { topic: "topic-b", messages: [{ key: "key", value: "hello topic-b" }] },
    {
      topic: "topic-c",
      messages: [{ key: "key", value: "hello topic-c", headers: { "correlation-id": "2bfb68bb" } }],
    },
  ];
  return await producer.sendBatch({ topicMessages });
}

export async function customPartitioner(kafka) {
  const seen = [];
  const MyPartitioner = () => {
    return ({ topic, partitionMetadata, message }) => {
      seen.push({
        topic,
        partitions: partitionMetadata.map(({ partitionId }) => partitionId).sort(),
        key: message.key,
      });
      return 1;
    };
  };
  const producer = kafka.producer({ createPartitioner: MyPartitioner });
  const receipts = await producer.send({ topic: "topic-name", messages: [{ key: "key1", value: "mine" }] });
  return { seen, receipts };
}

export async function defaultPartitioner(kafka) {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  return await producer.send({ topic: "topic-name", messages: [{ key: "key1", value: "default" }] });
}

export async function retry(kafka) {
  const producer = kafka.producer({
    retry: { initialRetryTime: 100, retries: 8, maxRetryTime: 30000, factor: 0.2, multiplier: 2 },
  });
  await producer.send({ topic: "topic-name", messages: [{ value: "retried" }] });
}

export async function gzip(kafka) {
  const producer = kafka.producer();
  await producer.send({
    topic: "topic-gzip",
    compression: CompressionTypes.GZIP,
    messages: [
      { key: "key1", value: "hello world" },
      { key: "key2", value: "hey hey!" },
    ],
  });
}
