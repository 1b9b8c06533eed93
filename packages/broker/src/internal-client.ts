/**
 * Calls from this broker to others, by broker id: for what only the leader of a partition can answer or do.
 *
 * Keeps one connection, and one Produce stream on it, for each broker that was called. A broker that is not registered (any
 * more) is an error of the call. Not retried here: the caller knows what may be repeated.
 */

import type { ClusterImage, SuspectedBrokers } from "@sluice/cluster";
import {
  type BrokerAddress,
  type BrokerId,
  brokerId,
  leaderEpoch,
  type MessageStream,
  offset,
  SluiceError,
  type Transport,
  type TransportConnection,
} from "@sluice/model";
import {
  clusterService,
  type DescribeReplicasResponse,
  type ElectedLeader,
  type ElectLeadersRequest,
  fromWireError,
  logService,
  type ProduceRequest,
  type ProduceResponse,
  replicationService,
} from "@sluice/protocol";
import type { RequiredAcks } from "@sluice/replication";
import type { SuspicionReport } from "./liveness/suspicion-ballot.js";
import type { OffsetAnswer, OffsetQuery, ProduceResult } from "./partition/partition-access.js";
import type { ReplicaName } from "./replication/replica-access.js";

/** Time for another broker to answer a call. */
const callTimeoutMs = 10_000;
/** A report of suspects is repeated sooner than that. */
const reportTimeoutMs = 1000;

export interface PartitionQuery {
  readonly topic: string;
  readonly partition: number;
  readonly query: OffsetQuery;
}

export interface InternalClientDependencies {
  readonly transport: Transport;
  /** The newest image. */
  image(): ClusterImage;
}

interface Peer {
  readonly address: BrokerAddress;
  readonly connection: TransportConnection;
  produce: PeerProduceStream | undefined;
}

export class InternalClient {
  readonly #dependencies: InternalClientDependencies;
  readonly #peers = new Map<BrokerId, Peer>();
  #isClosed = false;

  constructor(dependencies: InternalClientDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Asks `broker` for offsets of partitions that it leads. The answers are in the order of the queries, each an offset or why not.
   * @throws SluiceError BROKER_UNREACHABLE, REQUEST_TIMED_OUT
   */
  async listOffsets(broker: BrokerId, queries: readonly PartitionQuery[]): Promise<(OffsetAnswer | SluiceError)[]> {
    const { connection } = this.#peer(broker);
    const request = { partitions: queries.map(toWireQuery) };
    const response = await connection.call(logService.listOffsets, request, { timeoutMs: callTimeoutMs });
    return response.partitions.map((answer) =>
      answer.error === null
        ? {
            offset: offset(answer.offset),
            timestampMs: answer.timestampMs,
            leaderEpoch: leaderEpoch(answer.leaderEpoch),
          }
        : fromWireError(answer.error),
    );
  }

  /**
   * Has `broker` append one batch. Calls made in one order are appended in that order.
   * @throws SluiceError what the leader answered; INDETERMINATE where the connection broke before it did
   */
  produce(
    broker: BrokerId,
    request: {
      readonly topic: string;
      readonly partition: number;
      readonly acks: RequiredAcks;
      readonly clientEpoch: number | undefined;
      readonly batch: Buffer;
    },
  ): Promise<ProduceResult> {
    let peer: Peer;
    try {
      peer = this.#peer(broker);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    if (peer.produce === undefined || peer.produce.isBroken) peer.produce = new PeerProduceStream(peer.connection);
    return peer.produce.send({
      topic: request.topic,
      partition: request.partition,
      acks: request.acks,
      leaderEpoch: request.clientEpoch,
      records: request.batch,
    });
  }

  /**
   * Tells `broker` which others this one takes for gone or silent. Returns those that a majority suspects, as far as that one was told.
   * @throws SluiceError BROKER_UNREACHABLE, REQUEST_TIMED_OUT
   */
  async reportSuspects(broker: BrokerId, { reporter, suspects }: SuspicionReport): Promise<SuspectedBrokers> {
    const request = {
      brokerId: reporter.broker,
      brokerEpoch: reporter.brokerEpoch,
      suspects: suspects.map((suspect) => ({
        brokerId: suspect.broker,
        brokerEpoch: suspect.brokerEpoch,
        gone: suspect.isGone,
      })),
    };
    const { connection } = this.#peer(broker);
    const response = await connection.call(replicationService.reportSuspects, request, { timeoutMs: reportTimeoutMs });
    return new Map(response.agreed.map((life) => [brokerId(life.brokerId), life.brokerEpoch]));
  }

  /**
   * Asks `broker` what it has of these replicas; those that are not open there are left out of the answer.
   * @throws SluiceError BROKER_UNREACHABLE, REQUEST_TIMED_OUT
   */
  describeReplicas(broker: BrokerId, replicas: readonly ReplicaName[]): Promise<DescribeReplicasResponse> {
    const request = { replicas: replicas.map(({ topicId, partition }) => ({ topicId, partition })) };
    const { connection } = this.#peer(broker);
    return connection.call(replicationService.describeReplicas, request, { timeoutMs: callTimeoutMs });
  }

  /**
   * Has `broker` give away what it leads. Results are in the order of the request.
   * @throws SluiceError BROKER_UNREACHABLE, REQUEST_TIMED_OUT
   */
  async electLeaders(broker: BrokerId, request: ElectLeadersRequest): Promise<readonly ElectedLeader[]> {
    const { connection } = this.#peer(broker);
    const response = await connection.call(clusterService.electLeaders, request, { timeoutMs: callTimeoutMs });
    return response.results;
  }

  /** Breaks what is under way and closes all connections. */
  close(): void {
    this.#isClosed = true;
    for (const peer of this.#peers.values()) peer.connection.close();
    this.#peers.clear();
  }

  #peer(broker: BrokerId): Peer {
    if (this.#isClosed) throw new SluiceError("CLOSED", { subject: "The broker's internal client" });
    const registration = this.#dependencies.image().brokers.get(broker);
    if (registration === undefined) {
      const reason = "it is not registered";
      throw new SluiceError("BROKER_UNREACHABLE", { addresses: `broker ${broker}`, reason });
    }
    const known = this.#peers.get(broker);
    if (known?.address.host === registration.host && known.address.port === registration.port) return known;
    // It registered with another address: whoever answers at the old one is not this broker.
    known?.connection.close();
    const address = { host: registration.host, port: registration.port };
    const peer: Peer = { address, connection: this.#dependencies.transport.connect(address), produce: undefined };
    this.#peers.set(broker, peer);
    return peer;
  }
}

/** One Produce stream to another broker, and the requests on it that have no answer. */
class PeerProduceStream {
  readonly #stream: MessageStream<ProduceRequest>;
  readonly #pending = new Map<number, { resolve(result: ProduceResult): void; reject(error: SluiceError): void }>();
  #nextCorrelationId = 1;
  isBroken = false;

  constructor(connection: TransportConnection) {
    this.#stream = connection.open(logService.produce, {
      onMessage: (response) => this.#answered(response),
      onEnd: () => this.#broken("the stream ended"),
      onError: (error) => this.#broken(error.message),
    });
  }

  send(request: Omit<ProduceRequest, "correlationId">): Promise<ProduceResult> {
    return new Promise((resolve, reject) => {
      const correlationId = this.#nextCorrelationId++;
      this.#pending.set(correlationId, { resolve, reject });
      // Bounded by the callers: each waits for the answers of its request.
      this.#stream.send({ ...request, correlationId });
    });
  }

  #answered(response: ProduceResponse): void {
    const pending = this.#pending.get(response.correlationId);
    this.#pending.delete(response.correlationId);
    if (response.error !== undefined) {
      pending?.reject(response.error);
      return;
    }
    pending?.resolve({
      baseOffset: offset(response.baseOffset),
      leaderEpoch: leaderEpoch(response.leaderEpoch),
      replicas: response.replicas,
      replicasFlushed: response.replicasFlushed,
      logStartOffset: offset(response.logStartOffset),
      isDuplicate: response.duplicate,
      logAppendTimeMs: response.logAppendTimeMs,
    });
  }

  #broken(reason: string): void {
    this.isBroken = true;
    this.#stream.end();
    const error = new SluiceError("INDETERMINATE", { operation: "Appending at another broker", reason });
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

function toWireQuery({ topic, partition, query }: PartitionQuery) {
  switch (query.type) {
    case "earliest":
      return { topic, partition, query: "OFFSET_QUERY_EARLIEST", timestampMs: 0 } as const;
    case "latest":
      return { topic, partition, query: "OFFSET_QUERY_LATEST", timestampMs: 0 } as const;
    case "timestamp":
      return { topic, partition, query: "OFFSET_QUERY_TIMESTAMP", timestampMs: query.timestampMs } as const;
    case "maxTimestamp":
      return { topic, partition, query: "OFFSET_QUERY_MAX_TIMESTAMP", timestampMs: 0 } as const;
  }
}
