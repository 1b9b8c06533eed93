// kafkajs's page "Consuming Messages": only the import and the constructor are others.

export async function eachMessage(kafka, log) {
  const consumer = kafka.consumer({ groupId: "my-group" });
  await consumer.connect();
  await consumer.subscribe({ topic: "topic-A", fromBeginning: true });
  await consumer.subscribe({ topics: ["topic-B", "topic-C"], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message, heartbeat }) => {
      log({
        topic,
        partition,
        key: message.key.toString(),
        value: message.value.toString(),
        headers: message.headers,
      });
      await heartbeat();
    },
  });
  return consumer;
}

export async function pattern(kafka, log) {
  const consumer = kafka.consumer({ groupId: "pattern-group" });
  await consumer.connect();
  await consumer.subscribe({ topic: /topic-(eu|us)-.*/i, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, message }) => log({ topic, value: message.value.toString() }),
  });
  return consumer;
}

export async function eachBatch(kafka, log) {
  const consumer = kafka.consumer({
    groupId: "batch-group",
    sessionTimeout: 30000,
    rebalanceTimeout: 60000,
    heartbeatInterval: 3000,
    metadataMaxAge: 300000,
    allowAutoTopicCreation: true,
    maxBytesPerPartition: 1048576,
    minBytes: 1,
    maxBytes: 10485760,
    maxWaitTimeInMs: 5000,
    retry: { retries: 5 },
  });
  await consumer.connect();
  await consumer.subscribe({ topic: "topic-A", fromBeginning: true });
  await consumer.run({
    eachBatchAutoResolve: true,
    eachBatch: async ({
      batch,
      resolveOffset,
      heartbeat,
      commitOffsetsIfNecessary,
      uncommittedOffsets,
      isRunning,
      isStale,
      pause,
    }) => {
      for (const message of batch.messages) {
        if (!isRunning() || isStale()) break;
        log({
          topic: batch.topic,
          partition: batch.partition,
          highWatermark: batch.highWatermark,
          message: {
            offset: message.offset,
            key: message.key.toString(),
            value: message.value.toString(),
            headers: message.headers,
          },
        });
        resolveOffset(message.offset);
        await heartbeat();
      }
      await commitOffsetsIfNecessary(uncommittedOffsets());
      if (typeof pause !== "function") throw new Error("pause is not there");
    },
  });
  return consumer;
}

export async function concurrency(kafka, log) {
  const consumer = kafka.consumer({ groupId: "concurrent-group" });
  await consumer.subscribe({ topics: ["topic-A"], fromBeginning: true });
  await consumer.run({
    partitionsConsumedConcurrently: 3,
    autoCommitInterval: 5000,
    autoCommitThreshold: 100,
    eachMessage: async ({ message }) => log(message.value.toString()),
  });
  return consumer;
}

export async function manualCommit(kafka, log) {
  const consumer = kafka.consumer({ groupId: "manual-group" });
  await consumer.subscribe({ topics: ["topic-A"], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      log(message.value.toString());
      await consumer.commitOffsets([{ topic, partition, offset: (Number(message.offset) + 1).toString() }]);
    },
  });
  return consumer;
}

export async function pauseAndResume(kafka, log) {
  const consumer = kafka.consumer({ groupId: "pausing-group" });
  await consumer.subscribe({ topic: "jobs", fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, message }) => {
      log(message.value.toString());
      if (message.value.toString() === "overload") {
        consumer.pause([{ topic }]);
        log(consumer.paused());
        setTimeout(() => consumer.resume([{ topic }]), 5);
      }
    },
  });
  return consumer;
}

export async function seek(kafka, log) {
  const consumer = kafka.consumer({ groupId: "seeking-group" });
  await consumer.subscribe({ topic: "jobs", fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => log(message.value.toString()) });
  consumer.seek({ topic: "jobs", partition: 0, offset: "2" });
  return consumer;
}

export async function events(kafka, log) {
  const consumer = kafka.consumer({ groupId: "events-group" });
  const { CONNECT, GROUP_JOIN, STOP, DISCONNECT } = consumer.events;
  const removeListener = consumer.on(CONNECT, (event) => log(event.type));
  for (const name of [GROUP_JOIN, STOP, DISCONNECT]) consumer.on(name, (event) => log(event.type));
  await consumer.connect();
  removeListener();
  await consumer.subscribe({ topic: "jobs", fromBeginning: true });
  await consumer.run({ eachMessage: async () => undefined });
  return consumer;
}
