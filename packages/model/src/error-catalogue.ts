/**
 * Every error that Sluice answers with, in one table.
 *
 * A code and its number never change their meaning and are never used again. `message` says what is wrong and where, `hint`
 * what to do next; `{name}` in either is filled from the details of the error. `retriable`: the same request may succeed
 * later, without anybody changing anything. `status` is the gRPC status where an error ends a call rather than travelling in
 * a stream.
 */

/** gRPC status codes by name: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const grpcStatus = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
} as const;

/** Name of a gRPC status. */
export type GrpcStatusName = keyof typeof grpcStatus;

export interface ErrorDefinition {
  readonly number: number;
  readonly retriable: boolean;
  readonly status: GrpcStatusName;
  readonly message: string;
  readonly hint: string;
}

export const errorCatalogue = {
  // Requests that can never succeed as they are.
  INVALID_REQUEST: define(
    1,
    false,
    "INVALID_ARGUMENT",
    "The request is not valid: {reason}.",
    "Correct the request: proto/sluice/v1 describes every field.",
  ),
  INVALID_TOPIC_NAME: define(
    2,
    false,
    "INVALID_ARGUMENT",
    "'{topic}' is not a topic name.",
    "Use 1 to 249 of A-Z a-z 0-9 . _ - and neither '.' nor '..'.",
  ),
  INVALID_GROUP_NAME: define(
    3,
    false,
    "INVALID_ARGUMENT",
    "'{group}' is not a group name.",
    "Use 1 to 249 of A-Z a-z 0-9 . _ - and neither '.' nor '..'.",
  ),
  INVALID_PARTITION_COUNT: define(
    4,
    false,
    "INVALID_ARGUMENT",
    "A topic cannot have {partitions} partitions: {reason}.",
    "Ask for {partitionsMin} to {partitionsMax} partitions.",
  ),
  INVALID_REPLICATION_FACTOR: define(
    5,
    false,
    "INVALID_ARGUMENT",
    "Replication factor {replicationFactor} is not available: {reason}.",
    "Create the topic with replication factor {replicationFactorMax}.",
  ),
  UNKNOWN_CONFIG_KEY: define(
    6,
    false,
    "INVALID_ARGUMENT",
    "'{key}' is not a configuration key of a {subject}.",
    "Did you mean '{nearest}'? docs/configuration.md lists all keys.",
  ),
  INVALID_CONFIG_VALUE: define(
    7,
    false,
    "INVALID_ARGUMENT",
    "'{value}' is not a value of {key}: {reason}.",
    "docs/configuration.md says what {key} takes.",
  ),
  UNKNOWN_OPTION: define(
    8,
    false,
    "INVALID_ARGUMENT",
    "'{option}' is not an option of {subject}.",
    "Did you mean '{nearest}'?",
  ),
  INVALID_OPTION: define(
    9,
    false,
    "INVALID_ARGUMENT",
    "Option {option} of {subject} is not valid: {reason}.",
    "Correct the option and try again.",
  ),
  INTERNAL_TOPIC: define(
    10,
    false,
    "PERMISSION_DENIED",
    "Topic '{topic}' is kept by Sluice itself and cannot be changed by a client.",
    "Use a topic whose name does not start with '__'.",
  ),
  UNSUPPORTED: define(
    11,
    false,
    "UNIMPLEMENTED",
    "{feature} is not supported by this version.",
    "See CHANGELOG.md for what this version can do.",
  ),
  UNKNOWN_SERVICE: define(
    12,
    false,
    "NOT_FOUND",
    "There is no service '{service}' here.",
    "Reflection lists the services of a broker: grpcurl -plaintext HOST:PORT list.",
  ),

  REPLACED_OPTION: define(
    13,
    false,
    "INVALID_ARGUMENT",
    "Option {option} of {subject} is not one of Sluice's: {reason}.",
    "{replacement}",
  ),
  SCHEMA_MISMATCH: define(
    14,
    false,
    "INVALID_ARGUMENT",
    "The {part} of a message for topic '{topic}' does not fit its schema: {reason}.",
    "Correct the message, or the schema that was given to defineTopic.",
  ),
  DECODE_FAILED: define(
    15,
    false,
    "INVALID_ARGUMENT",
    "The {part} of the message at offset {offset} of {topic}-{partition} cannot be decoded: {reason}.",
    "Skip it or take its bytes with onDecodeError, or correct whoever produced it.",
  ),
  UNKNOWN_BROKER: define(
    16,
    false,
    "NOT_FOUND",
    "There is no broker {broker} in this cluster.",
    "'sluice cluster brokers' lists those there are.",
  ),
  INVALID_ASSIGNMENT: define(
    17,
    false,
    "INVALID_ARGUMENT",
    "{topic}-{partition} cannot be placed on the brokers {replicas}: {reason}.",
    "Name each broker once, running ones only, the preferred leader first; to empty a broker, others must be able to take its replicas.",
  ),

  // Record batches.
  RECORD_BATCH_TOO_LARGE: define(
    20,
    false,
    "INVALID_ARGUMENT",
    "A record batch of {sizeBytes} bytes is over the limit of {sizeBytesMax} bytes for {where}.",
    "Send smaller batches, or raise max.message.bytes of the topic.",
  ),
  CORRUPT_RECORD_BATCH: define(
    21,
    false,
    "DATA_LOSS",
    "The checksum of a record batch does not match its bytes: {where}.",
    "The bytes changed on the way or on the broker's disk: try again. If it comes back, check the disk with 'sluice segment verify', then memory and network.",
  ),
  INVALID_RECORD_BATCH: define(
    22,
    false,
    "INVALID_ARGUMENT",
    "Not a valid record batch: {reason} ({where}).",
    "Encode batches as record batch v2 (docs/formats.md).",
  ),
  UNSUPPORTED_COMPRESSION: define(
    23,
    false,
    "UNIMPLEMENTED",
    "Compression codec {codec} is not supported here.",
    "Use none, gzip, snappy, lz4 or zstd.",
  ),
  INVALID_TIMESTAMP: define(
    24,
    false,
    "INVALID_ARGUMENT",
    "Timestamp {timestamp} of a record batch is out of bounds for {where}.",
    "Use milliseconds since 1970, and check the clock of the producer.",
  ),

  OUT_OF_ORDER_SEQUENCE: define(
    25,
    false,
    "FAILED_PRECONDITION",
    "Producer {producerId} sent sequence {sequence} to {where}, and {expected} follows what was appended.",
    "Records before it were lost or came in another order. Begin with a new producer, and see what it last had acknowledged.",
  ),
  FENCED_PRODUCER: define(
    26,
    false,
    "ABORTED",
    "Producer {producerId} sent epoch {epoch} to {where}, and epoch {currentEpoch} has written there since.",
    "Another instance took over the producer's id. Stop this one, or begin with a new producer.",
  ),
  MISSING_CODEC_PACKAGE: define(
    27,
    false,
    "FAILED_PRECONDITION",
    "Compression codec {codec} needs the package {package}, which is not installed.",
    "Run 'npm install {package}' where the program runs that says so, and start it again: for a topic's compression.type that is every broker.",
  ),

  // Topics, partitions and who leads them.
  UNKNOWN_TOPIC: define(
    30,
    true,
    "NOT_FOUND",
    "Topic '{topic}' does not exist.",
    "Create it with 'sluice topic create {topic} --partitions N', or list what exists with 'sluice topic list'.",
  ),
  UNKNOWN_PARTITION: define(
    31,
    true,
    "NOT_FOUND",
    "Topic '{topic}' has no partition {partition}.",
    "List its partitions with 'sluice topic describe {topic}'.",
  ),
  TOPIC_ALREADY_EXISTS: define(
    32,
    false,
    "ALREADY_EXISTS",
    "Topic '{topic}' exists already.",
    "Use it as it is, or choose another name.",
  ),
  NOT_LEADER: define(
    33,
    true,
    "FAILED_PRECONDITION",
    "Broker {broker} does not lead {topic}-{partition}; the leader is {leader}.",
    "Clients refresh their metadata and ask the leader.",
  ),
  LEADER_NOT_AVAILABLE: define(
    34,
    true,
    "UNAVAILABLE",
    "{topic}-{partition} has no leader at present.",
    "Retry; if it lasts, see whether its replicas are running with 'sluice topic describe {topic}'.",
  ),
  FENCED_LEADER_EPOCH: define(
    35,
    true,
    "FAILED_PRECONDITION",
    "Leader epoch {epoch} of {topic}-{partition} is older than the current epoch {currentEpoch}.",
    "Clients refresh their metadata and ask again.",
  ),
  UNKNOWN_LEADER_EPOCH: define(
    36,
    true,
    "FAILED_PRECONDITION",
    "Leader epoch {epoch} of {topic}-{partition} is not known here yet; the newest is {currentEpoch}.",
    "Retry.",
  ),
  OFFSET_OUT_OF_RANGE: define(
    37,
    false,
    "OUT_OF_RANGE",
    "Offset {offset} of {topic}-{partition} is outside [{logStartOffset}, {highWatermark}].",
    "What is below was deleted, and what is above is not written yet. Start from earliest or latest, or move the group with 'sluice group reset'.",
  ),
  NOT_ENOUGH_REPLICAS: define(
    38,
    true,
    "UNAVAILABLE",
    "{topic}-{partition} has {inSync} in-sync replicas, and acks=all needs {inSyncMin}.",
    "Nothing was written. Retry, and see which broker is down.",
  ),
  PARTITION_OFFLINE: define(
    39,
    true,
    "UNAVAILABLE",
    "{topic}-{partition} is offline on broker {broker}: {reason}.",
    "The broker's log says why; restart the broker once its disk is well.",
  ),
  PARTITION_QUARANTINED: define(
    40,
    false,
    "DATA_LOSS",
    "{topic}-{partition} is quarantined on broker {broker}: {reason}.",
    "Its files are kept as they are. 'sluice segment verify' says what is damaged; docs/operations-storage.md says how to go on.",
  ),
  STALE_BROKER_EPOCH: define(
    41,
    true,
    "FAILED_PRECONDITION",
    "Broker epoch {epoch} of broker {broker} is older than the current one {currentEpoch}.",
    "Nothing to do: an earlier life of that broker was refused.",
  ),
  LEADER_NOT_ELIGIBLE: define(
    42,
    false,
    "FAILED_PRECONDITION",
    "Broker {broker} cannot lead {topic}-{partition}: {reason}.",
    "Wait until it is in sync again ('sluice partition describe'), or choose another.",
  ),
  REASSIGNMENT_IN_PROGRESS: define(
    43,
    false,
    "FAILED_PRECONDITION",
    "The replicas of {topic}-{partition} are being moved already.",
    "Wait for 'sluice partition verify', or cancel that move first.",
  ),
  LOG_TRUNCATED: define(
    44,
    false,
    "DATA_LOSS",
    "The log of {topic}-{partition} that was read up to offset {offset} ends at {endOffset} in that epoch: what was read beyond is gone.",
    "An unclean election or a lost disk cost records. Go on from {endOffset}, and see the broker's log for what was lost.",
  ),
  BROKER_FENCED: define(
    45,
    true,
    "UNAVAILABLE",
    "Broker {broker} has lost touch with the cluster store, and may have been replaced.",
    "Clients refresh their metadata and retry; acks=all goes on where its followers do.",
  ),

  // Consumer groups.
  NOT_COORDINATOR: define(
    50,
    true,
    "FAILED_PRECONDITION",
    "Broker {broker} does not coordinate group '{group}'; broker {coordinator} does.",
    "Clients ask the coordinator.",
  ),
  COORDINATOR_LOADING: define(
    51,
    true,
    "UNAVAILABLE",
    "The coordinator of group '{group}' is still loading its state.",
    "Retry.",
  ),
  UNKNOWN_GROUP: define(
    52,
    false,
    "NOT_FOUND",
    "Group '{group}' does not exist.",
    "List what exists with 'sluice group list'.",
  ),
  UNKNOWN_MEMBER: define(
    53,
    false,
    "FAILED_PRECONDITION",
    "'{member}' is not a member of group '{group}' (any more): {reason}.",
    "Join the group again.",
  ),
  STALE_GENERATION: define(
    54,
    true,
    "FAILED_PRECONDITION",
    "Generation {generation} of group '{group}' is not that of member '{member}', which is {currentGeneration}.",
    "Clients wait for their new assignment and commit what they still own.",
  ),
  PARTITION_NOT_OWNED: define(
    55,
    false,
    "FAILED_PRECONDITION",
    "Member '{member}' of group '{group}' does not own {topic}-{partition}.",
    "Only the owner of a partition commits its offsets.",
  ),
  GROUP_NOT_EMPTY: define(
    56,
    false,
    "FAILED_PRECONDITION",
    "Group '{group}' is running; its members are {members}.",
    "Stop the members first.",
  ),
  INVALID_COMMIT_OFFSET: define(
    57,
    false,
    "OUT_OF_RANGE",
    "Offset {offset} cannot be committed for {topic}-{partition}: {reason}.",
    "Commit the offset of the last processed record + 1.",
  ),
  NO_COMMITTED_OFFSET: define(
    58,
    false,
    "NOT_FOUND",
    "Group '{group}' has nothing committed for {topic}-{partition}.",
    "Set the group's offsets with 'sluice group reset', or set startFrom to earliest or latest.",
  ),
  OFFSETS_CHANGED: define(
    59,
    false,
    "ABORTED",
    "Group '{group}' has {current} committed for {topic}-{partition}, and the plan was made when it had {planned}.",
    "Nothing was moved. Make a new plan, look at it, and execute that.",
  ),

  // Time, lifetime and outcome.
  REQUEST_TIMED_OUT: define(
    60,
    true,
    "DEADLINE_EXCEEDED",
    "{operation} got no answer within {timeoutMs} ms.",
    "It may or may not have happened. Retry, or raise the timeout.",
  ),
  INDETERMINATE: define(
    61,
    true,
    "UNAVAILABLE",
    "{operation} was begun and its outcome is not known: {reason}.",
    "It may or may not have happened: read the log to find out.",
  ),
  BROKER_STOPPING: define(
    62,
    true,
    "UNAVAILABLE",
    "Broker {broker} is stopping.",
    "Clients go to another broker, or retry until it is back.",
  ),
  CLOSED: define(63, false, "CANCELLED", "{subject} is closed.", "Make a new one."),
  CANCELLED: define(64, false, "CANCELLED", "{operation} was cancelled.", "Nothing to do: the caller asked for it."),
  BROKER_UNREACHABLE: define(
    65,
    true,
    "UNAVAILABLE",
    "No broker answers at {addresses}: {reason}.",
    "Is it running? 'npm start' or 'sluice dev' starts a cluster; --brokers, SLUICE_BROKERS or the brokers option name another.",
  ),
  WRONG_PORT: define(
    66,
    false,
    "FAILED_PRECONDITION",
    "{address} answers, but not as a Sluice broker: {reason}.",
    "Clients use the gRPC port (9092 unless set); the HTTP port is 100 higher.",
  ),
  RESOURCE_EXHAUSTED: define(
    67,
    true,
    "RESOURCE_EXHAUSTED",
    "{resource} is at its limit of {limit}.",
    "Wait until there is room, or raise the limit.",
  ),
  DELIVERY_TIMED_OUT: define(
    68,
    true,
    "DEADLINE_EXCEEDED",
    "Records for {topic}-{partition} were not written within {timeoutMs} ms: {reason}.",
    "Send them again, or raise deliveryTimeoutMs.",
  ),

  // Starting a broker, and what it stands on.
  ADDRESS_IN_USE: define(
    70,
    false,
    "FAILED_PRECONDITION",
    "{address} is taken by another program.",
    "Stop that program, or choose another port ({option}).",
  ),
  DATA_DIRECTORY_IN_USE: define(
    71,
    false,
    "FAILED_PRECONDITION",
    "Data directory {path} is in use by another process.",
    "Stop the other broker, or choose another directory.",
  ),
  DATA_DIRECTORY_MISMATCH: define(
    72,
    false,
    "FAILED_PRECONDITION",
    "Data directory {path} belongs to {found}, not to {expected}.",
    "Choose the right directory, or an empty one.",
  ),
  DISK_FAILED: define(
    73,
    true,
    "UNAVAILABLE",
    "Writing to {path} failed: {reason}.",
    "The directory is offline until the broker is restarted. Check the disk first.",
  ),
  CORRUPT_FILE: define(
    74,
    false,
    "DATA_LOSS",
    "{path} cannot be read: {reason}.",
    "The file is kept as it is. Correct it or restore it from a copy; of the files of a broker, 'sluice segment verify' says what is damaged.",
  ),
  FILE_NOT_FOUND: define(75, false, "NOT_FOUND", "There is no {path}.", "Check the path."),
  DISK_FULL: define(
    76,
    true,
    "RESOURCE_EXHAUSTED",
    "The disk of {path} is full.",
    "These records were not written. Free some space, and writing goes on by itself: docs/operations-storage.md says how much it takes.",
  ),
  TOPIC_FULL: define(
    77,
    true,
    "RESOURCE_EXHAUSTED",
    "Partition {topic}-{partition} is full: it holds {bytes} of the {bytesMax} bytes that bounded.bytes allows.",
    "These records were not written. Retention makes room in time, 'sluice topic trim' at once; or raise bounded.bytes.",
  ),

  // The cluster store.
  STORE_CONFLICT: define(80, true, "ABORTED", "The cluster changed while {operation} was under way.", "Retry."),
  LEASE_EXPIRED: define(
    81,
    true,
    "FAILED_PRECONDITION",
    "Lease {lease} has expired.",
    "The broker registers again by itself.",
  ),
  REVISION_COMPACTED: define(
    82,
    true,
    "OUT_OF_RANGE",
    "Revision {revision} is no longer kept; the oldest is {oldest}.",
    "List again, and watch from there.",
  ),
  BROKER_ID_TAKEN: define(
    83,
    true,
    "ALREADY_EXISTS",
    "Broker id {broker} is registered by another process.",
    "Give every broker an id of its own, or wait until the other one's lease has run out.",
  ),
  CORRUPT_CLUSTER_KEY: define(
    84,
    false,
    "DATA_LOSS",
    "Key {key} of the cluster store cannot be read: {reason}.",
    "It was written by another program or a newer version: restore the store from a copy, or correct the key.",
  ),
  STORE_UNAVAILABLE: define(
    86,
    true,
    "UNAVAILABLE",
    "The cluster store at {endpoints} does not answer: {reason}.",
    "Retry; if it lasts, see whether a majority of its members is running.",
  ),
  STORE_ACCESS_DENIED: define(
    87,
    false,
    "PERMISSION_DENIED",
    "The cluster store at {endpoints} refuses this broker: {reason}.",
    "Check etcdUser, etcdPassword and the TLS files of the broker.",
  ),
  STORE_RESTORED: define(
    88,
    false,
    "DATA_LOSS",
    "The cluster store is older than what this broker has seen of it: {reason}.",
    "It was restored from a backup. When all brokers are running, run 'sluice cluster adopt-restore'.",
  ),
  CORRUPT_GROUP_RECORD: define(
    85,
    false,
    "DATA_LOSS",
    "A record of __consumer_offsets with key {key} cannot be read: {reason}.",
    "It was written by another program or a newer version. Look at it with 'sluice segment dump'.",
  ),

  // What a newer peer answers with and this version has no code for, in the peer's own words.
  UNKNOWN_RETRIABLE_ERROR: define(97, true, "UNAVAILABLE", "{code}: {message}", "{hint}"),
  UNKNOWN_ERROR: define(98, false, "INTERNAL", "{code}: {message}", "{hint}"),

  INTERNAL: define(
    99,
    false,
    "INTERNAL",
    "Something went wrong inside Sluice: {reason}.",
    "This is a defect: please report it with the log of the broker.",
  ),
} as const satisfies Record<string, ErrorDefinition>;

/** The code of an error: docs/errors.md lists them. */
export type ErrorCode = keyof typeof errorCatalogue;

/** The names in braces in the message and the hint of `Code`: what its details must hold. */
export type DetailName<Code extends ErrorCode> =
  | Placeholder<(typeof errorCatalogue)[Code]["message"]>
  | Placeholder<(typeof errorCatalogue)[Code]["hint"]>;

type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

function define<const Definition extends [number, boolean, GrpcStatusName, string, string]>(
  ...[number, retriable, status, message, hint]: Definition
) {
  return { number, retriable, status, message, hint } as {
    readonly number: Definition[0];
    readonly retriable: Definition[1];
    readonly status: Definition[2];
    readonly message: Definition[3];
    readonly hint: Definition[4];
  };
}
