/**
 * A cluster in memory for tests of the client: topics with real record batches, leaders that can be moved, brokers that can
 * be stopped, and answers that a test can replace or hold back. Groups are scripted: a test sees what members send, and sends
 * them what it likes.
 */

import { type BrokerAddress, SluiceError } from "@sluice/model";
import {
  type CommitOffsetsRequest,
  clusterService,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
  type FetchRequest,
  type FetchResponse,
  type GroupMember,
  groupsService,
  type ListOffsetsRequest,
  logService,
  type PlannedReset,
  type ProduceRequest,
  type ProduceResponse,
  type ResetOffsetsRequest,
  type SessionRequest,
  type SessionResponse,
  toWireError,
} from "@sluice/protocol";
import {
  batchLastOffset,
  batchRecordCount,
  batchSizeBytes,
  readBatchHeader,
  recordsIn,
  stampBatch,
} from "@sluice/record";
import { type FakeEndpoint, type FakeServerStream, FakeTransport } from "./fake-transport.js";

export interface FakePartition {
  leaderId: number | undefined;
  leaderEpoch: number;
  logStartOffset: number;
  endOffset: number;
  readonly batches: Buffer[];
  /** What it remembers of idempotent producers, by id. */
  readonly producers: Map<number, FakeProducerState>;
}

/** One idempotent producer, as a partition remembers it: by the rules of packages/log/src/producer-state.ts. */
export interface FakeProducerState {
  epoch: number;
  /** The last five, oldest first. */
  readonly batches: { readonly base: number; readonly last: number; readonly baseOffset: number }[];
}

/** A produce request as it arrived; `answer` sends the answer, once. */
export interface ArrivedProduce {
  readonly brokerId: number;
  readonly request: ProduceRequest;
  answer(error?: SluiceError): void;
}

/** A WatchCluster stream that a client has open. */
export interface FakeWatch {
  readonly brokerId: number;
  readonly request: DescribeClusterRequest;
  send(response: DescribeClusterResponse): void;
  end(error?: SluiceError): void;
}

export interface FakeSession {
  readonly brokerId: number;
  readonly received: SessionRequest[];
  send(response: SessionResponse): void;
  end(error?: SluiceError): void;
}

export class FakeCluster {
  readonly transport = new FakeTransport();
  readonly topics = new Map<string, FakePartition[]>();
  readonly sessions: FakeSession[] = [];
  readonly commits: CommitOffsetsRequest[] = [];
  /** What the group has committed, by `topic-partition`. */
  readonly committed = new Map<string, number>();
  /** The texts of those commits, likewise. */
  readonly committedTexts = new Map<string, string>();
  /** Their leader epochs + 1, likewise. */
  readonly committedEpochs = new Map<string, number>();
  coordinatorId = 1;
  describeCount = 0;
  /** Topics that a client wants created are, with one partition. */
  autoCreateTopics = false;
  /** Names that were asked for, by request. */
  readonly described: (readonly string[])[] = [];
  nextProducerId = 1000;
  /** Replaces the answer to a request for a producer id. */
  onInitProducerId: () => SluiceError | undefined = () => undefined;
  /** Limit of every topic. */
  maxMessageBytes = 1_048_588;
  /** Milliseconds since 1970 that records get at the append; 0: they keep their own. */
  logAppendTimeMs = 0;
  /** Decides what becomes of a produce request. Default: it is appended and answered. */
  onProduce: (arrived: ArrivedProduce) => void = (arrived) => arrived.answer();
  /** Replaces the answer to a commit. */
  onCommit: (request: CommitOffsetsRequest) => SluiceError | undefined = () => undefined;
  /** Replaces the answer to a fetch. */
  onFetch: (request: FetchRequest) => SluiceError | undefined = () => undefined;
  /** Fetches are taken and never answered. */
  isMute = false;
  /** Replaces the answer to a reset of offsets. */
  onReset: (request: ResetOffsetsRequest) => PlannedReset[] = () => [];
  /** Members of every group, as its description has them. */
  groupMembers: GroupMember[] = [];
  /** Replaces the answer to a request for the description of a group. */
  onDescribeGroup: (group: string) => SluiceError | undefined = () => undefined;
  /** Replaces the answer to the deletion of a group. */
  onDeleteGroup: (group: string) => object = () => ({});
  /** Brokers serve WatchCluster. Default: they are older than that. */
  canBeWatched = false;
  /** What is watched, by open stream. */
  readonly watches: FakeWatch[] = [];
  /** Revision that Describe answers with, whatever is true. */
  describeAsOf: number | undefined;
  readonly #parked = new Set<() => void>();
  /** How often topics were created, by name. */
  readonly #creations = new Map<string, number>();
  #revision = 1;

  constructor(options: { readonly brokers: number }) {
    for (let id = 1; id <= options.brokers; id++) this.startBroker(id);
  }

  /** Address of a broker. */
  address(id: number): BrokerAddress {
    return { host: `broker-${id}`, port: 9092 };
  }

  /** `brokers` option for a client. */
  get bootstrap(): string[] {
    return [...this.transport.endpoints.keys()];
  }

  startBroker(id: number): void {
    this.transport.endpoints.set(`broker-${id}:9092`, this.#endpoint(id));
    this.#changed([]);
  }

  /** The broker is gone: nothing answers at its address, and streams to it break. */
  stopBroker(id: number): void {
    this.transport.endpoints.delete(`broker-${id}:9092`);
    this.transport.cut(this.address(id));
    for (const watch of this.watches.filter(({ brokerId }) => brokerId === id))
      this.watches.splice(this.watches.indexOf(watch), 1);
    this.#changed([]);
  }

  /** Leaders are brokers 1, 2 ... in turn. */
  createTopic(name: string, partitions: number): FakePartition[] {
    const brokers = this.transport.endpoints.size;
    const created = Array.from({ length: partitions }, (_, index): FakePartition => {
      return {
        leaderId: (index % brokers) + 1,
        leaderEpoch: 0,
        logStartOffset: 0,
        endOffset: 0,
        batches: [],
        producers: new Map(),
      };
    });
    this.topics.set(name, created);
    this.#creations.set(name, (this.#creations.get(name) ?? 0) + 1);
    this.#changed([name]);
    return created;
  }

  /** Adds partitions, led by broker 1. */
  addPartitions(name: string, count: number): void {
    const partitions = this.topics.get(name) ?? [];
    for (let added = 0; added < count; added++)
      partitions.push({
        leaderId: 1,
        leaderEpoch: 0,
        logStartOffset: 0,
        endOffset: 0,
        batches: [],
        producers: new Map(),
      });
    this.#changed([name]);
  }

  deleteTopic(name: string): void {
    this.topics.delete(name);
    this.#changed([name]);
  }

  moveLeader(topic: string, partition: number, leaderId: number | undefined): void {
    const found = this.partition(topic, partition);
    found.leaderId = leaderId;
    found.leaderEpoch++;
    this.#changed([topic]);
  }

  /** Ends a watch, as a broker does that stops. */
  endWatch(watch: FakeWatch, error?: SluiceError): void {
    this.watches.splice(this.watches.indexOf(watch), 1);
    watch.end(error);
  }

  partition(topic: string, partition: number): FakePartition {
    const found = this.topics.get(topic)?.[partition];
    if (found === undefined) throw new SluiceError("UNKNOWN_PARTITION", { topic, partition });
    return found;
  }

  /** Appends a batch as its leader would. Returns its base offset. */
  append(topic: string, partition: number, batch: Buffer): number {
    const log = this.partition(topic, partition);
    const baseOffset = log.endOffset;
    const stored = Buffer.from(batch);
    stampBatch(stored, 0, { baseOffset, leaderEpoch: log.leaderEpoch });
    log.batches.push(stored);
    log.endOffset += batchRecordCount(stored, 0);
    for (const retry of [...this.#parked]) retry();
    return baseOffset;
  }

  /** Appends what a producer sent, if its numbers allow it, as a leader does. */
  produce(
    topic: string,
    partition: number,
    batch: Buffer,
  ):
    | { readonly baseOffset: number; readonly duplicate: boolean }
    | { readonly error: SluiceError; duplicate: boolean } {
    const { maxMessageBytes: sizeBytesMax } = this;
    if (batch.length > sizeBytesMax) {
      const details = { sizeBytes: batch.length, sizeBytesMax, where: `topic '${topic}'` };
      return { error: new SluiceError("RECORD_BATCH_TOO_LARGE", details), duplicate: false };
    }
    const { producerId, producerEpoch, baseSequence, lastOffsetDelta } = readBatchHeader(batch);
    if (producerId < 0) return { baseOffset: this.append(topic, partition, batch), duplicate: false };
    const { producers } = this.partition(topic, partition);
    const known = producers.get(producerId);
    const where = `${topic}-${partition}`;
    if (known !== undefined && producerEpoch < known.epoch) {
      const details = { producerId, epoch: producerEpoch, where, currentEpoch: known.epoch };
      return { error: new SluiceError("FENCED_PRODUCER", details), duplicate: false };
    }
    const batches = known?.epoch === producerEpoch ? known.batches : [];
    const last = (baseSequence + lastOffsetDelta) % 2 ** 31;
    const expected = ((batches.at(-1)?.last ?? -1) + 1) % 2 ** 31;
    if (baseSequence !== expected) {
      const same = batches.find((one) => one.base === baseSequence && one.last === last);
      if (same !== undefined) return { baseOffset: same.baseOffset, duplicate: true };
      const details = { producerId, sequence: baseSequence, where, expected };
      return { error: new SluiceError("OUT_OF_ORDER_SEQUENCE", details), duplicate: false };
    }
    const baseOffset = this.append(topic, partition, batch);
    const remembered = [...batches, { base: baseSequence, last, baseOffset }].slice(-5);
    producers.set(producerId, { epoch: producerEpoch, batches: remembered });
    return { baseOffset, duplicate: false };
  }

  /** Values of all records of a partition, as text. */
  values(topic: string, partition: number): string[] {
    const { batches } = this.partition(topic, partition);
    return batches.flatMap((batch) => [...recordsIn(batch)].map(({ value }) => String(value)));
  }

  #endpoint(id: number): FakeEndpoint {
    return {
      unary: new Map<string, (request: never) => Promise<unknown>>([
        [clusterService.describe.path, async (request: DescribeClusterRequest) => this.describe(request)],
        [logService.initProducerId.path, async () => this.#initProducerId()],
        [logService.listOffsets.path, async (request: ListOffsetsRequest) => this.#listOffsets(request)],
        [groupsService.findCoordinator.path, async () => ({ brokerIdPlusOne: this.coordinatorId + 1 })],
        [groupsService.commitOffsets.path, async (request: CommitOffsetsRequest) => this.#commit(request)],
        [
          groupsService.resetOffsets.path,
          async (request: ResetOffsetsRequest) => ({ plan: this.onReset(request), executed: request.execute }),
        ],
        [groupsService.describe.path, async (request: { group: string }) => this.#describeGroup(request.group)],
        [groupsService.delete.path, async (request: { group: string }) => this.onDeleteGroup(request.group)],
        [
          groupsService.deleteOffsets.path,
          async (request: { partitions: Place[] }) => {
            for (const { topic, partition } of request.partitions) this.committed.delete(`${topic}-${partition}`);
            return {};
          },
        ],
        [
          groupsService.list.path,
          async () => ({ groups: id === this.coordinatorId ? [{ group: "g", state: "empty", members: 0 }] : [] }),
        ],
        [groupsService.fetchOffsets.path, async (request: { partitions: Place[] }) => this.#fetchOffsets(request)],
      ]),
      stream: new Map<string, (stream: FakeServerStream<never, never>) => void>([
        [logService.produce.path, (stream) => this.#serveProduce(id, stream as never)],
        [logService.fetch.path, (stream) => this.#serveFetch(id, stream as never)],
        [groupsService.session.path, (stream) => this.#serveSession(id, stream as never)],
        [clusterService.watchCluster.path, (stream) => this.#serveWatch(id, stream as never)],
      ]),
    };
  }

  #initProducerId() {
    const error = this.onInitProducerId();
    if (error !== undefined) throw error;
    return { producerId: this.nextProducerId++, producerEpoch: 0 };
  }

  /** Answers Describe. */
  describe(request: DescribeClusterRequest): DescribeClusterResponse {
    this.describeCount++;
    this.described.push(request.topics);
    return this.#describe(request);
  }

  #describe(request: DescribeClusterRequest): DescribeClusterResponse {
    const isCreating = this.autoCreateTopics && request.createMissing;
    for (const name of isCreating ? request.topics : []) if (!this.topics.has(name)) this.createTopic(name, 1);
    const names = request.brokersOnly ? [] : request.topics.length > 0 ? request.topics : [...this.topics.keys()];
    const brokers = this.bootstrap.map((address) => {
      const [host = "", port] = address.split(":");
      const id = Number(host.split("-")[1]);
      return { id, host, port: Number(port), rack: "", brokerEpoch: 1, fenced: false, drained: false };
    });
    const topics = names.map((name) => {
      const partitions = this.topics.get(name);
      if (partitions === undefined) {
        const error = toWireError(new SluiceError("UNKNOWN_TOPIC", { topic: name }));
        return { name, id: "", internal: false, partitions: [], error, maxMessageBytes: 0 };
      }
      const described = partitions.map(({ leaderId, leaderEpoch }, partition) => {
        const leaderIdPlusOne = leaderId === undefined ? 0 : leaderId + 1;
        const replicas = { replicas: [1], inSyncReplicas: [1], eligibleLeaderReplicas: [], offlineReplicas: [] };
        return { partition, leaderIdPlusOne, leaderEpoch, ...replicas, addingReplicas: [], removingReplicas: [] };
      });
      return {
        name,
        id: `id-${this.#creations.get(name)}-of-${name}`,
        internal: false,
        partitions: described,
        error: null,
        maxMessageBytes: this.maxMessageBytes,
      };
    });
    return {
      clusterId: "fake",
      controllerIdPlusOne: 2,
      brokers,
      topics,
      revision: this.describeAsOf ?? this.#revision,
      deletedTopics: [],
      isDelta: false,
    };
  }

  #changed(topics: readonly string[]): void {
    this.#revision++;
    for (const { request, send } of this.watches) {
      const wanted = topics.filter((name) => request.topics.length === 0 || request.topics.includes(name));
      const there = wanted.filter((name) => this.topics.has(name));
      const answer = this.#describe({ topics: there, brokersOnly: there.length === 0, createMissing: false });
      const deletedTopics = wanted.filter((name) => !this.topics.has(name));
      send({ ...answer, deletedTopics, isDelta: true });
    }
  }

  #serveWatch(brokerId: number, stream: FakeServerStream<DescribeClusterRequest, DescribeClusterResponse>): void {
    stream.onMessage = (request) => {
      if (!this.canBeWatched) {
        stream.end(new SluiceError("UNSUPPORTED", { feature: clusterService.watchCluster.path }));
        return;
      }
      stream.send(this.#describe(request));
      const watch: FakeWatch = {
        brokerId,
        request,
        send: (response) => stream.send(response),
        end: (error) => stream.end(error),
      };
      this.watches.push(watch);
    };
  }

  #listOffsets(request: ListOffsetsRequest) {
    const partitions = request.partitions.map(({ topic, partition, query, timestampMs }) => {
      const log = this.partition(topic, partition);
      const common = { topic, partition, timestampMs: -1, leaderEpoch: log.leaderEpoch, error: null };
      if (query === "OFFSET_QUERY_EARLIEST") return { ...common, offset: log.logStartOffset };
      if (query === "OFFSET_QUERY_LATEST") return { ...common, offset: log.endOffset };
      const records = log.batches.flatMap((batch) => [...recordsIn(batch)]);
      const found = records.find((record) => record.timestampMs >= timestampMs);
      return { ...common, offset: found?.offset ?? log.endOffset, timestampMs: found?.timestampMs ?? -1 };
    });
    return { partitions };
  }

  #commit(request: CommitOffsetsRequest) {
    const error = this.onCommit(request);
    if (error !== undefined) throw error;
    this.commits.push(request);
    for (const { topic, partition, offset, leaderEpochPlusOne, metadata } of request.offsets) {
      this.committed.set(`${topic}-${partition}`, offset);
      this.committedEpochs.set(`${topic}-${partition}`, leaderEpochPlusOne);
      this.committedTexts.set(`${topic}-${partition}`, metadata);
    }
    return {};
  }

  #describeGroup(group: string) {
    const error = this.onDescribeGroup(group);
    if (error !== undefined) throw error;
    const { offsets } = this.#fetchOffsets({ partitions: [] });
    const state = this.groupMembers.length === 0 ? "empty" : "stable";
    return { group, state, generation: 1, assignor: "", members: this.groupMembers, offsets };
  }

  #fetchOffsets(request: { readonly partitions: readonly Place[] }) {
    const known = [...this.committed.keys()].map((key): Place => {
      const dash = key.lastIndexOf("-");
      return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) };
    });
    const wanted = request.partitions.length > 0 ? request.partitions : known;
    const offsets = wanted.flatMap(({ topic, partition }) => {
      const offset = this.committed.get(`${topic}-${partition}`);
      if (offset === undefined) return [];
      const metadata = this.committedTexts.get(`${topic}-${partition}`) ?? "";
      const leaderEpochPlusOne = this.committedEpochs.get(`${topic}-${partition}`) ?? 0;
      return [{ topic, partition, offset, leaderEpochPlusOne, metadata, committedAtMs: 0 }];
    });
    return { offsets };
  }

  /** Why this broker refuses a request for the partition; undefined: it leads it. */
  #refusal(brokerId: number, topic: string, partition: number): SluiceError | undefined {
    const log = this.topics.get(topic)?.[partition];
    if (log === undefined) return new SluiceError("UNKNOWN_TOPIC", { topic });
    if (log.leaderId === brokerId) return undefined;
    return new SluiceError("NOT_LEADER", { broker: brokerId, topic, partition, leader: log.leaderId ?? "none" });
  }

  /** Why a reader is refused that has read what a newer leader wrote. */
  #epochRefusal({ topic, partition, lastFetchedEpoch: epoch = 0 }: FetchRequest): SluiceError | undefined {
    const { leaderEpoch: currentEpoch } = this.partition(topic, partition);
    if (epoch <= currentEpoch) return undefined;
    return new SluiceError("UNKNOWN_LEADER_EPOCH", { topic, partition, epoch, currentEpoch });
  }

  #serveProduce(brokerId: number, stream: FakeServerStream<ProduceRequest, ProduceResponse>): void {
    stream.onMessage = (request) => {
      const { correlationId, topic, partition } = request;
      const common = { correlationId, leaderEpoch: 0, replicas: 1, replicasFlushed: 1, logStartOffset: 0 };
      const answer = (replaced?: SluiceError): void => {
        const error = replaced ?? this.#refusal(brokerId, topic, partition);
        if (error !== undefined) {
          stream.send({ ...common, baseOffset: 0, error, duplicate: false, logAppendTimeMs: 0 });
          return;
        }
        const appended = this.produce(topic, partition, request.records);
        stream.send({ ...common, error: undefined, baseOffset: 0, logAppendTimeMs: this.logAppendTimeMs, ...appended });
      };
      this.onProduce({ brokerId, request, answer });
    };
  }

  #serveFetch(brokerId: number, stream: FakeServerStream<FetchRequest, FetchResponse>): void {
    const own = new Set<() => void>();
    stream.onMessage = (request) => {
      const attempt = (): void => {
        if (this.isMute) return;
        const response = this.#fetch(brokerId, request);
        if (response === undefined) return;
        this.#parked.delete(attempt);
        own.delete(attempt);
        stream.send(response);
      };
      // Parked until something is appended: the fake has no clock, so a wait never runs out.
      this.#parked.add(attempt);
      own.add(attempt);
      attempt();
    };
    stream.onEnd = () => {
      for (const attempt of own) this.#parked.delete(attempt);
    };
  }

  #fetch(brokerId: number, request: FetchRequest): FetchResponse | undefined {
    const { correlationId, topic, partition, fetchOffset } = request;
    const refusal = this.onFetch(request) ?? this.#refusal(brokerId, topic, partition) ?? this.#epochRefusal(request);
    const common = {
      correlationId,
      highWatermark: 0,
      logStartOffset: 0,
      leaderEpoch: 0,
      error: refusal,
      diverging: undefined,
    };
    if (refusal !== undefined) return { ...common, records: Buffer.alloc(0) };
    const log = this.partition(topic, partition);
    const { logStartOffset, endOffset: highWatermark } = log;
    if (fetchOffset < logStartOffset || fetchOffset > highWatermark) {
      const error = new SluiceError("OFFSET_OUT_OF_RANGE", {
        topic,
        partition,
        offset: fetchOffset,
        logStartOffset,
        highWatermark,
      });
      return { ...common, error, records: Buffer.alloc(0) };
    }
    const diverging = divergingFrom(log, request);
    if (diverging !== undefined) {
      const { endOffset } = diverging;
      const error = new SluiceError("LOG_TRUNCATED", { topic, partition, offset: fetchOffset, endOffset });
      return { ...common, error, diverging, records: Buffer.alloc(0) };
    }
    const wanted = log.batches.filter((batch) => batchLastOffset(batch, 0) >= fetchOffset);
    if (wanted.length === 0) return undefined;
    let sizeBytes = 0;
    const fitting = wanted.filter((batch, index) => {
      sizeBytes += batchSizeBytes(batch, 0);
      return index === 0 || sizeBytes <= request.maxBytes;
    });
    const { leaderEpoch } = readBatchHeader(fitting[0] as Buffer);
    return { ...common, highWatermark, logStartOffset, leaderEpoch, records: Buffer.concat(fitting) };
  }

  #serveSession(brokerId: number, stream: FakeServerStream<SessionRequest, SessionResponse>): void {
    const received: SessionRequest[] = [];
    stream.onMessage = (request) => {
      received.push(request);
      if (request.event === "leave") stream.end();
    };
    this.sessions.push({
      brokerId,
      received,
      send: (response) => stream.send(response),
      end: (error) => stream.end(error),
    });
  }
}

/** Undefined: the log goes on from what the request says was read. */
function divergingFrom(log: FakePartition, { fetchOffset, lastFetchedEpoch }: FetchRequest) {
  if (lastFetchedEpoch === undefined || log.batches.length === 0) return undefined;
  let found = { epoch: lastFetchedEpoch, endOffset: log.logStartOffset };
  for (const batch of log.batches) {
    const { leaderEpoch: epoch } = readBatchHeader(batch);
    if (epoch <= lastFetchedEpoch) found = { epoch, endOffset: batchLastOffset(batch, 0) + 1 };
  }
  return found.epoch === lastFetchedEpoch && fetchOffset <= found.endOffset ? undefined : found;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}
