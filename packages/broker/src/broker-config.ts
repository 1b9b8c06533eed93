/** Settings of a broker: the one declaration from which types, defaults, checks and docs/configuration.md come. */

import { type ConfigValues, choiceKey, defaultConfig, flagKey, integerKey, textKey } from "@sluice/model";

const portMax = 65_535;

export const brokerConfigTable = {
  brokerId: integerKey({
    default: 1,
    min: 0,
    max: 0x7fff_fffe,
    doc: "Which broker of the cluster this is. Every broker has an id of its own, and keeps it for the life of its data.",
  }),
  host: textKey({
    default: "127.0.0.1",
    pattern: /^\S+$/,
    takes: "a host name or an address",
    doc: "Address to listen on, for gRPC and HTTP. 0.0.0.0 listens on all.",
  }),
  port: integerKey({
    default: 9092,
    min: 0,
    max: portMax,
    doc: "TCP port of the gRPC listener. 0: a free one.",
  }),
  advertisedHost: textKey({
    default: "",
    pattern: /^\S*$/,
    takes: "a host name or an address",
    doc: "Host that clients and other brokers dial. Empty: the value of host.",
  }),
  advertisedPort: integerKey({
    default: 0,
    min: 0,
    max: portMax,
    doc: "Port that clients and other brokers dial. 0: the port of the gRPC listener.",
  }),
  httpPort: integerKey({
    default: -1,
    min: -1,
    max: portMax,
    doc: "TCP port of /healthz, /readyz and /metrics. 0: a free one. -1: 100 above the gRPC port, or a free one where port is 0.",
  }),
  listeners: textKey({
    default: "",
    takes: "a list of name=host:port",
    doc: "Several gRPC listeners, each with a name: 'internal=0.0.0.0:9092,external=0.0.0.0:19092'. A client is told the addresses of the listener that it dialled. Empty: one, at host and port.",
  }),
  advertisedListeners: textKey({
    default: "",
    takes: "a list of name=host:port",
    doc: "What is dialled to reach each of the listeners, by name. One that is not named is told by its own host or, where that stands for all addresses, by the host that the client dialled, with its own port.",
  }),
  interBrokerListener: textKey({
    default: "internal",
    doc: "Name of the listener at which brokers dial one another. Counts where listeners has several.",
  }),
  dataDirectory: textKey({
    default: "data",
    pattern: /\S/,
    takes: "a path",
    doc: "Directory for everything that is kept: the partitions in broker-<id>, and the cluster store where that has no directory of its own.",
  }),
  clusterStoreDirectory: textKey({
    default: "",
    takes: "a path",
    doc: "Directory of the cluster store. Empty: cluster-store in dataDirectory. One process at a time uses it.",
  }),
  etcdEndpoints: textKey({
    default: "",
    takes: "a list of URLs",
    doc: "Members of the etcd cluster that keeps the state of this cluster: 'http://etcd-1:2379,http://etcd-2:2379'. Empty: the file store of one process.",
  }),
  etcdPrefix: textKey({
    default: "",
    doc: "What the keys of this cluster begin with in etcd, so that several clusters can share one. Never change it.",
  }),
  etcdUser: textKey({ default: "", doc: "User for etcd. Empty: none." }),
  etcdPassword: textKey({ default: "", isSecret: true, doc: "Password for etcd." }),
  etcdCaFile: textKey({
    default: "",
    takes: "a path",
    doc: "PEM file of the authority that signed the certificates of etcd. Empty: those that Node knows.",
  }),
  etcdCertFile: textKey({
    default: "",
    takes: "a path",
    doc: "PEM file of the certificate that this broker shows to etcd. Empty: none.",
  }),
  etcdKeyFile: textKey({ default: "", takes: "a path", doc: "PEM file of the key of that certificate." }),
  rack: textKey({
    default: "",
    doc: "Rack or zone of this broker, shown to whoever describes the cluster.",
  }),
  brokerLeaseMs: integerKey({
    default: 9000,
    min: 1000,
    max: 600_000,
    unit: "ms",
    doc: "Without a sign of life for so long, a broker counts as gone and its partitions get other leaders.",
  }),
  brokerSuspectMs: integerKey({
    default: 1500,
    min: 100,
    max: 600_000,
    unit: "ms",
    doc: "A broker from which another hears nothing for so long is suspected; what a majority suspects loses its leaders before its lease ends. Keep it above the longest pause of a process.",
  }),
  replicaLagMs: integerKey({
    default: 10_000,
    min: 500,
    max: 600_000,
    unit: "ms",
    doc: "A follower that has not caught up with its leader for so long leaves the in-sync replicas.",
  }),
  replicaFetchBytes: integerKey({
    default: 4 * 1024 * 1024,
    min: 64 * 1024,
    max: 256 * 1024 * 1024,
    unit: "bytes",
    doc: "Record bytes of one partition that a leader sends to a follower ahead of its answer.",
  }),
  catchUpBytesPerSecMax: integerKey({
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "bytes",
    doc: "Record bytes a second that each leader sends to replicas that are not in sync, over all partitions. 0: no limit.",
  }),
  reassignmentBytesPerSecMax: integerKey({
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "bytes",
    doc: "Record bytes a second that a leader sends to replicas that a reassignment adds, over all partitions. 0: no limit.",
  }),
  uncleanRecoveryWaitMs: integerKey({
    default: 30_000,
    min: 0,
    max: 86_400_000,
    unit: "ms",
    doc: "How long the controller waits for the other replicas of a partition all of which may have lost records, before it elects the one that has most.",
  }),
  leaderBalanceIntervalMs: integerKey({
    default: 60_000,
    min: 0,
    max: 86_400_000,
    unit: "ms",
    doc: "How often a leader looks whether a preferred leader is back in sync, and hands over to it. 0: never.",
  }),
  defaultReplicationFactor: integerKey({
    default: 0,
    min: 0,
    max: 32,
    doc: "Replicas of a partition whose creator does not say how many. 0: three, or as many as there are brokers where there are fewer.",
  }),
  groupOffsetsPartitions: integerKey({
    default: 12,
    min: 1,
    max: 1000,
    doc: "Partitions of __consumer_offsets. Counts when a cluster starts for the first time, and never again.",
  }),
  groupOffsetsBrokersMin: integerKey({
    default: 1,
    min: 1,
    max: 1000,
    doc: "Brokers that must be there before __consumer_offsets is created, so that its partitions are spread over them.",
  }),
  defaultPartitions: integerKey({
    default: 1,
    min: 1,
    max: 10_000,
    doc: "Partitions of a topic whose creator does not say how many.",
  }),
  autoCreateTopics: flagKey({
    default: false,
    doc: "Whether a topic that a producer or consumer asks for is created when it does not exist, with the defaults. On in 'sluice dev'. A topic that clients still ask for comes back, empty, after its deletion: stop them first.",
  }),
  fetchMaxBytes: integerKey({
    default: 8 * 1024 * 1024,
    min: 1024,
    max: 256 * 1024 * 1024,
    unit: "bytes",
    doc: "Most record bytes in the answer to one fetch, whatever the client asks for. One batch is sent however large.",
  }),
  diskReserveBytes: integerKey({
    default: 64 * 1024 * 1024,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "bytes",
    doc: "Room that is kept back on the disk for the small files of the broker. With less than this free, records are refused with DISK_FULL; reads go on, and writing goes on by itself when there is room again. 0: no reserve.",
  }),
  openFilesMax: integerKey({
    default: 2000,
    min: 16,
    max: 1_000_000,
    doc: "Segment files that are held open at one time, over all partitions. Keep it well below the limit of the process (ulimit -n).",
  }),
  indexMemoryBytesMax: integerKey({
    default: 64 * 1024 * 1024,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "bytes",
    doc: "Memory for the indexes of closed segments, over all partitions; those read least recently are dropped, and read again when they are asked for.",
  }),
  retentionCheckIntervalMs: integerKey({
    default: 300_000,
    min: 100,
    max: 86_400_000,
    unit: "ms",
    doc: "How often the broker looks for segments to roll for their age, to delete, and to compact.",
  }),
  compactionBytesPerSecMax: integerKey({
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "bytes",
    doc: "Bytes a second that compaction reads and writes, over all partitions. 0: no limit.",
  }),
  compactionMemoryBytesMax: integerKey({
    default: 128 * 1024 * 1024,
    min: 1024 * 1024,
    max: Number.MAX_SAFE_INTEGER,
    unit: "bytes",
    doc: "Memory for the keys of one compaction. A log with more keys than fit is compacted in several rounds.",
  }),
  producerIdExpirationMs: integerKey({
    default: 86_400_000,
    min: 1000,
    max: Number.MAX_SAFE_INTEGER,
    unit: "ms",
    doc: "How long an idempotent producer that sends nothing is remembered in a partition. A batch that it sends again later is not recognised.",
  }),
  groupOffsetsRetentionMs: integerKey({
    default: 604_800_000,
    min: 1000,
    max: Number.MAX_SAFE_INTEGER,
    unit: "ms",
    doc: "How long the offsets of a group without members are kept, counted from when it lost its last member, or from the last commit where that came later.",
  }),
  groupOffsetsRetentionCheckIntervalMs: integerKey({
    default: 600_000,
    min: 100,
    max: 86_400_000,
    unit: "ms",
    doc: "How often the broker looks for offsets of groups that have expired.",
  }),
  quotaProduceBytesPerSec: integerKey({
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "bytes",
    doc: "Record bytes a second that one client may produce to this broker; beyond it, it is slowed down. 0: no quota.",
  }),
  quotaFetchBytesPerSec: integerKey({
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "bytes",
    doc: "Record bytes a second that one client may fetch from this broker; beyond it, it is slowed down. 0: no quota.",
  }),
  quotaRequestsPerSec: integerKey({
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    doc: "Requests a second, of any kind, that one client may make to this broker; beyond it, it is slowed down. 0: no quota.",
  }),
  connectionsMax: integerKey({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    doc: "Connections that the gRPC listener holds at one time. One more is closed at once.",
  }),
  streamsPerConnectionMax: integerKey({
    default: 1000,
    min: 1,
    max: 1_000_000,
    doc: "Calls and streams that one connection has open at one time. More wait for one to end.",
  }),
  slowRequestMs: integerKey({
    default: 1000,
    min: 0,
    max: 86_400_000,
    unit: "ms",
    doc: "A request that takes longer, not counting the time for which its client asked it to wait, is logged with where the time went. 0: none is.",
  }),
  stopGraceMs: integerKey({
    default: 5000,
    min: 0,
    max: 600_000,
    unit: "ms",
    doc: "How long a stopping broker lets its clients finish what they have begun.",
  }),
  logLevel: choiceKey({
    choices: ["debug", "info", "warn", "error", "silent"],
    default: "info",
    doc: "How much the broker logs.",
  }),
};

export type BrokerConfig = ConfigValues<typeof brokerConfigTable>;

/** The defaults, with some values replaced. */
export function brokerConfig(overrides: Partial<BrokerConfig> = {}): BrokerConfig {
  return { ...defaultConfig(brokerConfigTable), ...overrides };
}
