/**
 * What becomes of every option of kafkajs: `same`, it is taken here under its name with its meaning; or it is refused, with
 * the reason and what to do instead.
 *
 * Complete: a test reads the types of kafkajs and misses none. Whoever checks options of one kind gives
 * `replacedOptions(kind)` to `checkOptionNames`.
 */

import type { ReplacedOptions } from "./option-check.js";

type Answer = "same" | { readonly reason: string; readonly replacement: string };

const laterVersion = "Leave it out: it comes in a later version.";

/** For options of TLS and authentication, by whatever name. */
export const security = { reason: "TLS and authentication are not there yet", replacement: laterVersion } as const;
/** For options and calls of transactions. */
export const transactions = { reason: "transactions are not there yet", replacement: laterVersion } as const;
const replicaPlacement: Answer = {
  reason: "the cluster chooses which brokers keep a partition",
  replacement: "Leave it out, and say how many with replicationFactor.",
};
const adminTimeout: Answer = {
  reason: "requests of an admin have the client's timeout",
  replacement: "Set requestTimeoutMs of Sluice, or give the call a signal: { signal: AbortSignal.timeout(ms) }.",
};

/** By kind of options. */
export const kafkaJsOptions = {
  client: {
    brokers: "same",
    ssl: security,
    sasl: security,
    clientId: "same",
    connectionTimeout: "same",
    authenticationTimeout: security,
    reauthenticationThreshold: security,
    requestTimeout: "same",
    enforceRequestTimeout: {
      reason: "every request ends within its timeout",
      replacement: "Leave it out, and set requestTimeoutMs where 30 seconds are not right.",
    },
    retry: "same",
    socketFactory: {
      reason: "connections are those of gRPC",
      replacement: "Use addressMap to dial another address than the one that a broker gives.",
    },
    logLevel: "same",
    logCreator: {
      reason: "a logger is given as an object",
      replacement: "Use logger: { debug, info, warn, error }, for example a logger of pino.",
    },
  },
  retry: {
    maxRetryTime: "same",
    initialRetryTime: "same",
    factor: "same",
    multiplier: "same",
    retries: "same",
    restartOnFailure: {
      reason:
        "broker failures are retried for as long as they last, and a handler that throws is dealt with by onError",
      replacement: "Use onError of run, and the promise `finished` that run gives.",
    },
  },
  producer: {
    createPartitioner: "same",
    retry: "same",
    metadataMaxAge: "same",
    allowAutoTopicCreation: "same",
    idempotent: "same",
    transactionalId: transactions,
    transactionTimeout: transactions,
    maxInFlightRequests: "same",
  },
  send: { topic: "same", messages: "same", acks: "same", timeout: "same", compression: "same" },
  sendBatch: { acks: "same", timeout: "same", compression: "same", topicMessages: "same" },
  message: { key: "same", value: "same", partition: "same", headers: "same", timestamp: "same" },
  consumer: {
    groupId: "same",
    partitionAssigners: "same",
    metadataMaxAge: "same",
    sessionTimeout: "same",
    rebalanceTimeout: "same",
    heartbeatInterval: "same",
    maxBytesPerPartition: "same",
    minBytes: "same",
    maxBytes: "same",
    maxWaitTimeInMs: "same",
    retry: "same",
    allowAutoTopicCreation: "same",
    maxInFlightRequests: {
      reason: "every partition has one request under way, and connections are shared",
      replacement: "Bound memory with prefetchBytes.",
    },
    readUncommitted: {
      reason: "transactions come in a later version, and until then every record that is read is committed",
      replacement: "Leave it out.",
    },
    rackId: {
      reason: "reading from a follower in the same rack comes in a later version; leaders are read",
      replacement: "Leave it out.",
    },
  },
  subscribe: { topics: "same", topic: "same", fromBeginning: "same" },
  run: {
    autoCommit: "same",
    autoCommitInterval: "same",
    autoCommitThreshold: "same",
    eachBatchAutoResolve: "same",
    partitionsConsumedConcurrently: "same",
    eachBatch: "same",
    eachMessage: "same",
  },
  admin: { retry: "same" },
  createTopics: { validateOnly: "same", waitForLeaders: "same", timeout: adminTimeout, topics: "same" },
  newTopic: {
    topic: "same",
    numPartitions: "same",
    replicationFactor: "same",
    replicaAssignment: replicaPlacement,
    configEntries: "same",
  },
  deleteTopics: { topics: "same", timeout: adminTimeout },
  createPartitions: { validateOnly: "same", timeout: adminTimeout, topicPartitions: "same" },
  newPartitions: { topic: "same", count: "same", assignments: replicaPlacement },
  alterPartitionReassignments: { topics: "same", timeout: adminTimeout },
  topicAssignment: { topic: "same", partitionAssignment: "same" },
  listPartitionReassignments: { topics: "same", timeout: adminTimeout },
  fetchTopicMetadata: { topics: "same" },
  fetchOffsets: { groupId: "same", topics: "same", resolveOffsets: "same" },
  setOffsets: { groupId: "same", topic: "same", partitions: "same" },
  resetOffsets: { groupId: "same", topic: "same", earliest: "same" },
  describeConfigs: { resources: "same", includeSynonyms: "same" },
  describedResource: { type: "same", name: "same", configNames: "same" },
  alterConfigs: { validateOnly: "same", resources: "same" },
  alteredResource: { type: "same", name: "same", configEntries: "same" },
  deleteTopicRecords: { topic: "same", partitions: "same" },
} as const satisfies Record<string, Record<string, Answer>>;

/** The options of one kind that kafkajs has and Sluice refuses. */
export function replacedOptions(kind: keyof typeof kafkaJsOptions): ReplacedOptions {
  const answers: Readonly<Record<string, Answer>> = kafkaJsOptions[kind];
  const refused = Object.entries(answers).filter(
    (entry): entry is [string, Exclude<Answer, "same">] => entry[1] !== "same",
  );
  return Object.fromEntries(refused);
}
