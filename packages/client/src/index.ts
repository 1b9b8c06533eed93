/** Public door of @sluice/client: producers, consumers and admins of a Sluice cluster. */

export { type ErrorCode, isSluiceError, SluiceError } from "@sluice/model";
export { Admin } from "./admin/admin.js";
export type * from "./admin/admin-types.js";
export type { Brokers } from "./broker-addresses.js";
export type { Cancellable } from "./cancellation.js";
export type { ReadOptions } from "./consumer/bounded-read.js";
export { Consumer, type PartitionPosition, type Running, type Subscription } from "./consumer/consumer.js";
export type { ConsumerOptions } from "./consumer/consumer-options.js";
export { Message, type ReceivedHeaders } from "./consumer/message.js";
export { MessageBatch } from "./consumer/message-batch.js";
export type { OffsetToCommit } from "./consumer/offset-committer.js";
export type { OffsetSpec } from "./consumer/offset-spec.js";
export type { EachBatchPayload, EachMessagePayload, RunOptions } from "./consumer/run-loop.js";
export type { PartitionToRead } from "./consumer/start-positions.js";
export type { Logger } from "./logger.js";
export type { BrokerMetadata, PartitionMetadata, TopicMetadata } from "./metadata-cache.js";
export type { MessageBytes, MessageHeaders, OutgoingMessage } from "./producer/outgoing-message.js";
export type { RecordMetadata, SendError, SendResult } from "./producer/pending-send.js";
export { Producer, type ProducerBatch, type ProducerRecord } from "./producer/producer.js";
export type { Acks, Partitioner, ProducerOptions } from "./producer/producer-options.js";
export type { RetryOptions } from "./retry-policy.js";
export { Sluice, type SluiceDependencies, type SluiceOptions } from "./sluice.js";
