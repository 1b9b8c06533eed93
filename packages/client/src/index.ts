/** Public door of @sluice/client: producers, consumers and admins of a Sluice cluster. */

export {
  type BrokerAddress,
  type ErrorCode,
  type ErrorDetails,
  type GrpcStatusName,
  isSluiceError,
  SluiceError,
  type TopicPartition,
} from "@sluice/model";
export type { CompressionCodec } from "@sluice/record";
export { Admin } from "./admin/admin.js";
export type * from "./admin/admin-types.js";
export { ConfigResourceTypes, ConfigSource } from "./admin/config-admin.js";
export type * from "./admin/group-admin-types.js";
export type * from "./admin/partition-admin-types.js";
export type { Brokers } from "./broker-addresses.js";
export type { Cancellable } from "./cancellation.js";
export type { ClientEvent } from "./client-events.js";
export type { ClientSnapshot, ConsumerSnapshot, ProducerSnapshot } from "./client-snapshot.js";
export type { BrokerMetadata, PartitionMetadata, TopicMetadata } from "./cluster-metadata.js";
export type { ReadOptions } from "./consumer/bounded-read.js";
export { Consumer } from "./consumer/consumer.js";
export {
  type BatchProcessEvent,
  type ConsumerEventPayloads,
  consumerEvents,
  type MemberEvent,
  type StalledEvent,
} from "./consumer/consumer-events.js";
export type { AssignorName, CommitOptions, ConsumerOptions, StartFrom } from "./consumer/consumer-options.js";
export type * from "./consumer/consumer-types.js";
export type { LagReport, PartitionLag } from "./consumer/lag.js";
export { type AnyMessage, Message, type ReceivedHeaders } from "./consumer/message.js";
export { MessageBatch } from "./consumer/message-batch.js";
export type { OffsetToCommit } from "./consumer/offset-committer.js";
export type { OffsetInput, OffsetSpec } from "./consumer/offset-spec.js";
export { PartitionAssigners } from "./consumer/partition-assigners.js";
export type { TopicPartitions, TopicSelection } from "./consumer/partition-pauses.js";
export type {
  EachBatchPayload,
  EachMessagePayload,
  ErrorPolicy,
  OffsetsByTopicPartition,
  RunOptions,
} from "./consumer/run-options.js";
export type { SubscribedTopic } from "./consumer/subscription.js";
export type { ConsumedMessage, DecodeErrorAction, DecodeErrorPolicy } from "./consumer/typed-messages.js";
export { type LogLevel, logLevel } from "./log-level.js";
export type { Logger } from "./logger.js";
export type { MessageBytes, MessageHeaders, OutgoingMessage } from "./producer/outgoing-message.js";
export {
  type KafkaJsPartitioner,
  type KafkaJsPartitionMetadata,
  type Partitioner,
  Partitioners,
} from "./producer/partitioner.js";
export type { RecordMetadata, SendError, SendResult } from "./producer/pending-send.js";
export { Producer } from "./producer/producer.js";
export type { DeliveryError, ProducerEvents } from "./producer/producer-events.js";
export { type Acks, type Compression, CompressionTypes, type ProducerOptions } from "./producer/producer-options.js";
export type {
  MessageFor,
  ProducerBatch,
  ProducerRecord,
  SendOptions,
  TopicMessages,
  TopicToSend,
} from "./producer/producer-record.js";
export type { RetryOptions } from "./retry-policy.js";
export { type AdminOptions, Sluice, type SluiceDependencies, type SluiceOptions } from "./sluice.js";
export {
  type DecodedBy,
  defineTopic,
  type EncodedBy,
  type SerdeOrSchema,
  type TopicDefinition,
} from "./topics/define-topic.js";
export type { Serde, SerdeContext } from "./topics/serde.js";
export { bytes, json, string, uint } from "./topics/serdes.js";
export type {
  StandardSchemaIssue,
  StandardSchemaProps,
  StandardSchemaResult,
  StandardSchemaV1,
} from "./topics/standard-schema.js";
export { type AnyTopic, isTopic, Topic, type TopicLayout } from "./topics/topic.js";
export type { KeyOf, MessageOf, OutgoingMessageOf, ValueOf } from "./topics/topic-types.js";
export type { TracedMessage } from "./tracing/client-tracing.js";
export type { ProcessEvent, SendEvent } from "./tracing/diagnostics-tracing.js";
