/** What becomes of every call and every exported value of kafkajs: the words of docs/coming-from-kafkajs.md. */

/** `ours`: what to write; undefined: nothing yet. `differs`: what is not the same, or how to do without. */
export interface Answer {
  readonly ours: string | undefined;
  readonly differs?: string;
}

const same = (name: string, differs?: string): Answer =>
  differs === undefined ? { ours: name } : { ours: name, differs };
const none = (differs: string): Answer => ({ ours: undefined, differs });

const later = "Comes in a later version.";
const acls = none("Comes in a later version, with authentication.");
const logger = none("Give `logger` or `logLevel` to `new Sluice()`.");

/** By type of kafkajs, by member. */
export const kafkaJsCalls: Readonly<Record<string, Readonly<Record<string, Answer>>>> = {
  Kafka: {
    constructor: {
      ours: "new Sluice",
      differs: "`close()` closes everything that it made; `await using` does so by itself.",
    },
    producer: same("producer"),
    consumer: same("consumer", "`groupId` may be left out: `assign` and `read` take no group."),
    admin: same("admin", "It has the timeouts of the client."),
    logger,
  },
  Producer: {
    connect: same("connect", "Not needed: the first `send` connects. It tells early whether the cluster answers."),
    disconnect: same("disconnect", "As `close`: waits for what is under way, within a bound."),
    isIdempotent: same("isIdempotent", "True unless `acks` says otherwise or `idempotent: false` is given."),
    events: same("events", "`CONNECT` and `DISCONNECT`; for the network, the channel `sluice:producer:send`."),
    on: same("on", "Also `drain` and `deliveryError`, for `write`."),
    transaction: none("Comes in a later version: until then it is refused with REPLACED_OPTION."),
    logger,
    send: same(
      "send",
      "One entry a message, not one a partition: `{topic, partition, offset, timestamp}`, with numbers.",
    ),
    sendBatch: same("sendBatch", "As `send`; where some messages fail, the error's `results` has the outcome of each."),
  },
  Transaction: {
    sendOffsets: none(later),
    commit: none(later),
    abort: none(later),
    isActive: none(later),
  },
  Consumer: {
    connect: same("connect", "Not needed: reading connects."),
    disconnect: same(
      "disconnect",
      "As `close`: commits what is processed and leaves the group; from inside a handler too.",
    ),
    subscribe: same(
      "subscribe",
      "A pattern also finds topics that are made later. `fromBeginning` is `startFrom` of the consumer.",
    ),
    stop: same("stop"),
    run: same(
      "run",
      "Answers with `{ finished }`, which rejects with what ended the run; `onError` retries and dead-letters.",
    ),
    commitOffsets: same("commitOffsets", "Offsets may be numbers or text."),
    seek: same("seek", "Any time, before `run` too; answers with a promise."),
    describeGroup: same("describeGroup", "As `admin.describeGroup`: members have `owned` and `assigned` as objects."),
    pause: same("pause"),
    paused: same("paused"),
    resume: same("resume"),
    on: same("on"),
    events: same(
      "events",
      "No network events; more of the group: `ASSIGN`, `REVOKE`, `LOST`, `STALLED`, `LAG`, `DEAD_LETTER`.",
    ),
    logger,
  },
  Admin: {
    connect: same("connect", "Not needed."),
    disconnect: same("disconnect"),
    listTopics: same("listTopics"),
    createTopics: same("createTopics", "Also takes what `defineTopic` gives; always waits for leaders."),
    deleteTopics: same("deleteTopics"),
    createPartitions: same("createPartitions"),
    fetchTopicMetadata: same(
      "fetchTopicMetadata",
      "Partitions have kafkajs's names and ours: `partition`, `leaderId`, `inSyncReplicas`.",
    ),
    fetchOffsets: same("fetchOffsets", "Offsets are numbers."),
    fetchTopicOffsets: same("fetchTopicOffsets", "Offsets are numbers."),
    fetchTopicOffsetsByTimestamp: same("fetchTopicOffsetsByTimestamp", "Offsets are numbers."),
    describeCluster: same("describeCluster"),
    setOffsets: same("setOffsets", "Offsets may be numbers or text."),
    resetOffsets: same(
      "resetOffsets",
      "Also `to`: an offset, a time, a shift, another group; `dryRun`; answers with the plan.",
    ),
    describeConfigs: same("describeConfigs"),
    alterConfigs: same(
      "alterConfigs",
      "As in Kafka, what is not named goes back to its default; `alterTopicConfigs` changes only what it names.",
    ),
    listGroups: same("listGroups"),
    deleteGroups: same("deleteGroups"),
    describeGroups: same("describeGroups", "Members have `owned` and `assigned` as objects: nothing to decode."),
    describeAcls: acls,
    deleteAcls: acls,
    createAcls: acls,
    deleteTopicRecords: same("deleteTopicRecords"),
    alterPartitionReassignments: same(
      "alterPartitionReassignments",
      "Empty `replicas` cancel a move; `validateOnly` moves nothing. `planReassignments` makes what it takes.",
    ),
    listPartitionReassignments: same("listPartitionReassignments", "Also which of the added replicas are in sync."),
    logger,
    on: none("An admin tells no events: each call answers or throws."),
    events: none("An admin tells no events: each call answers or throws."),
  },
};

const errorCode = (code: string): Answer => ({ ours: "SluiceError", differs: `\`isSluiceError(error, "${code}")\`.` });

/** By exported value. */
export const kafkaJsValues: Readonly<Record<string, Answer>> = {
  Kafka: { ours: "Sluice" },
  Partitioners: same(
    "Partitioners",
    "All three of kafkajs's; the default is the one that it has since 2.0: murmur2, as in Java.",
  ),
  AclResourceTypes: acls,
  ConfigResourceTypes: same("ConfigResourceTypes"),
  ConfigSource: same("ConfigSource"),
  AclPermissionTypes: acls,
  AclOperationTypes: acls,
  ResourcePatternTypes: acls,
  PartitionAssigners: same(
    "PartitionAssigners",
    "Its `roundRobin` is `uniform` here; an assigner of your own is refused: the coordinator shares out the partitions.",
  ),
  AssignerProtocol: none("Nothing to decode: `admin.describeGroup` gives assignments as objects."),
  logLevel: same("logLevel", "The values are names: `debug`, `info`, `warn`, `error`, `silent`."),
  CompressionTypes: same("CompressionTypes", "Names do as well: `gzip`, `snappy`, `lz4`, `zstd`."),
  CompressionCodecs: none(
    "Install the package of the codec beside the client; the error names it where it is missing.",
  ),
  KafkaJSError: {
    ours: "SluiceError",
    differs: "`isSluiceError(error)`; it has `code`, `retriable`, `hint`, `details`, `cause`.",
  },
  KafkaJSNonRetriableError: { ours: "SluiceError", differs: "`error.retriable` is false." },
  KafkaJSProtocolError: {
    ours: "SluiceError",
    differs: "`error.code` is a name, `error.number` its permanent number.",
  },
  KafkaJSAggregateError: { ours: "SluiceError", differs: "The first error; `results` of a send has all." },
  KafkaJSOffsetOutOfRange: errorCode("OFFSET_OUT_OF_RANGE"),
  KafkaJSAlterPartitionReassignmentsError: {
    ours: "SluiceError",
    differs: "Its `failures` name each topic and partition, with its error.",
  },
  KafkaJSNumberOfRetriesExceeded: {
    ours: "SluiceError",
    differs: "The last error itself, once retries or time are over.",
  },
  KafkaJSConnectionError: errorCode("BROKER_UNREACHABLE"),
  KafkaJSRequestTimeoutError: errorCode("REQUEST_TIMED_OUT"),
  KafkaJSMetadataNotLoaded: none("Does not happen: what needs metadata asks for it."),
  KafkaJSTopicMetadataNotLoaded: errorCode("UNKNOWN_TOPIC"),
  KafkaJSStaleTopicMetadataAssignment: none("Does not happen: metadata is refreshed."),
  KafkaJSServerDoesNotSupportApiKey: errorCode("UNSUPPORTED"),
  KafkaJSBrokerNotFound: errorCode("BROKER_UNREACHABLE"),
  KafkaJSPartialMessageError: none("Does not happen: a batch comes whole."),
  KafkaJSSASLAuthenticationError: acls,
  KafkaJSGroupCoordinatorNotFound: errorCode("NOT_COORDINATOR"),
  KafkaJSNotImplemented: errorCode("UNSUPPORTED"),
  KafkaJSTimeout: errorCode("REQUEST_TIMED_OUT"),
  KafkaJSLockTimeout: none("Does not happen: there is no such lock."),
  KafkaJSUnsupportedMagicByteInMessageSet: errorCode("INVALID_RECORD_BATCH"),
  KafkaJSDeleteGroupsError: { ours: "DeleteGroupsError", differs: "A `SluiceError` with `groups`, as in kafkajs." },
  KafkaJSDeleteTopicRecordsError: { ours: "SluiceError", differs: "The first error, of the partition that it names." },
};
