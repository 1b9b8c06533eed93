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
  type FetchRequest,
  type FetchResponse,
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
}

/** A produce request as it arrived; `answer` sends the answer, once. */
export interface ArrivedProduce {
  readonly brokerId: number;
  readonly request: ProduceRequest;
  answer(error?: SluiceError): void;
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
  coordinatorId = 1;
  describeCount = 0;
  /** Decides what becomes of a produce request. Default: it is appended and answered. */
  onProduce: (arrived: ArrivedProduce) => void = (arrived) => arrived.answer();
  /** Replaces the answer to a commit. */
  onCommit: (request: CommitOffsetsRequest) => SluiceError | undefined = () => undefined;
  /** Replaces the answer to a fetch. */
  onFetch: (request: FetchRequest) => SluiceError | undefined = () => undefined;
  /** Replaces the answer to a reset of offsets. */
  onReset: (request: ResetOffsetsRequest) => PlannedReset[] = () => [];
  /** Revision that Describe answers with, whatever is true. */
  describeAsOf: number | undefined;
  readonly #parked = new Set<() => void>();
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
  }

  /** The broker is gone: nothing answers at its address, and streams to it break. */
  stopBroker(id: number): void {
    this.transport.endpoints.delete(`broker-${id}:9092`);
    this.transport.cut(this.address(id));
  }

  /** Leaders are brokers 1, 2 ... in turn. */
  createTopic(name: string, partitions: number): FakePartition[] {
    const brokers = this.transport.endpoints.size;
    const created = Array.from({ length: partitions }, (_, index): FakePartition => {
      return { leaderId: (index % brokers) + 1, leaderEpoch: 0, logStartOffset: 0, endOffset: 0, batches: [] };
    });
    this.topics.set(name, created);
    this.#revision++;
    return created;
  }

  moveLeader(topic: string, partition: number, leaderId: number | undefined): void {
    const found = this.partition(topic, partition);
    found.leaderId = leaderId;
    found.leaderEpoch++;
    this.#revision++;
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

  /** Values of all records of a partition, as text. */
  values(topic: string, partition: number): string[] {
    const { batches } = this.partition(topic, partition);
    return batches.flatMap((batch) => [...recordsIn(batch)].map(({ value }) => String(value)));
  }

  #endpoint(id: number): FakeEndpoint {
    return {
      unary: new Map<string, (request: never) => Promise<unknown>>([
        [clusterService.describe.path, async (request: DescribeClusterRequest) => this.#describe(request)],
        [logService.listOffsets.path, async (request: ListOffsetsRequest) => this.#listOffsets(request)],
        [groupsService.findCoordinator.path, async () => ({ brokerIdPlusOne: this.coordinatorId + 1 })],
        [groupsService.commitOffsets.path, async (request: CommitOffsetsRequest) => this.#commit(request)],
        [
          groupsService.resetOffsets.path,
          async (request: ResetOffsetsRequest) => ({ plan: this.onReset(request), executed: request.execute }),
        ],
        [groupsService.fetchOffsets.path, async (request: { partitions: Place[] }) => this.#fetchOffsets(request)],
      ]),
      stream: new Map<string, (stream: FakeServerStream<never, never>) => void>([
        [logService.produce.path, (stream) => this.#serveProduce(id, stream as never)],
        [logService.fetch.path, (stream) => this.#serveFetch(id, stream as never)],
        [groupsService.session.path, (stream) => this.#serveSession(id, stream as never)],
      ]),
    };
  }

  #describe(request: DescribeClusterRequest) {
    this.describeCount++;
    const names = request.brokersOnly ? [] : request.topics.length > 0 ? request.topics : [...this.topics.keys()];
    const brokers = this.bootstrap.map((address) => {
      const [host = "", port] = address.split(":");
      return { id: Number(host.split("-")[1]), host, port: Number(port), rack: "" };
    });
    const topics = names.map((name) => {
      const partitions = this.topics.get(name);
      if (partitions === undefined) {
        const error = toWireError(new SluiceError("UNKNOWN_TOPIC", { topic: name }));
        return { name, id: "", internal: false, partitions: [], error };
      }
      const described = partitions.map(({ leaderId, leaderEpoch }, partition) => {
        const leaderIdPlusOne = leaderId === undefined ? 0 : leaderId + 1;
        return { partition, leaderIdPlusOne, leaderEpoch, replicas: [1], inSyncReplicas: [1] };
      });
      return { name, id: `id-of-${name}`, internal: false, partitions: described, error: null };
    });
    return {
      clusterId: "fake",
      controllerIdPlusOne: 2,
      brokers,
      topics,
      revision: this.describeAsOf ?? this.#revision,
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
    for (const { topic, partition, offset } of request.offsets) this.committed.set(`${topic}-${partition}`, offset);
    return {};
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
      return [{ topic, partition, offset, leaderEpochPlusOne: 0, metadata: "", committedAtMs: 0 }];
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

  #serveProduce(brokerId: number, stream: FakeServerStream<ProduceRequest, ProduceResponse>): void {
    stream.onMessage = (request) => {
      const { correlationId, topic, partition } = request;
      const common = { correlationId, leaderEpoch: 0, replicas: 1, replicasFlushed: 1, logStartOffset: 0 };
      const answer = (replaced?: SluiceError): void => {
        const error = replaced ?? this.#refusal(brokerId, topic, partition);
        const baseOffset = error === undefined ? this.append(topic, partition, request.records) : 0;
        stream.send({ ...common, baseOffset, error, duplicate: false, logAppendTimeMs: 0 });
      };
      this.onProduce({ brokerId, request, answer });
    };
  }

  #serveFetch(brokerId: number, stream: FakeServerStream<FetchRequest, FetchResponse>): void {
    const own = new Set<() => void>();
    stream.onMessage = (request) => {
      const attempt = (): void => {
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
    const refusal = this.onFetch(request) ?? this.#refusal(brokerId, topic, partition);
    const common = { correlationId, highWatermark: 0, logStartOffset: 0, leaderEpoch: 0, error: refusal };
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

interface Place {
  readonly topic: string;
  readonly partition: number;
}
