/**
 * The Produce streams of a producer: one a leader, opened when it is first needed and again after it broke; more of them, on
 * connections of their own, where one is full and `connectionsPerBroker` allows it.
 *
 * Partitions begin on the first connection. One that finds it full goes to the one with the fewest partitions, once nothing
 * of it is under way, until they are spread evenly.
 *
 * A broker that was gone and is back is connected to before it leads anything: leaderships come home to it soon, and what is sent then
 * does not wait for a connection.
 */

import { addressText, type BrokerAddress, type SluiceError, toSluiceError } from "@sluice/model";
import type { ClientDependencies } from "../client-dependencies.js";
import type { BrokerMetadata, PartitionLeader } from "../cluster-metadata.js";
import { ProduceStream } from "./produce-stream.js";

/** Where a partition's batches go: a broker, and which of the connections to it. */
export interface StreamPlace {
  readonly broker: BrokerStreams;
  readonly lane: number;
}

/** The streams to one broker, by lane, and how many partitions use each. */
interface BrokerStreams {
  readonly key: string;
  readonly leader: PartitionLeader;
  readonly streams: (ProduceStream | undefined)[];
  readonly users: number[];
  /** The cluster did not have it when it was last heard of. */
  isGone: boolean;
}

export class ProduceStreams {
  readonly #dependencies: ClientDependencies;
  readonly #lanesMax: number;
  readonly #brokers = new Map<string, BrokerStreams>();
  readonly #stopListening: () => void;

  constructor(options: { readonly connectionsPerBroker: number }, dependencies: ClientDependencies) {
    this.#lanesMax = options.connectionsPerBroker;
    this.#dependencies = dependencies;
    this.#stopListening = dependencies.metadata.onBrokersTold((brokers) => this.#brokersTold(brokers));
  }

  /** The place of a partition of that leader: `current`, unless it is with another broker. */
  place(leader: PartitionLeader, current: StreamPlace | undefined): StreamPlace {
    const key = keyOf(leader.brokerId, leader.address);
    if (current?.broker.key === key) return current;
    if (current !== undefined) this.#leave(current);
    let broker = this.#brokers.get(key);
    if (broker === undefined) {
      const lanes = this.#lanesMax;
      const [streams, users] = [Array.from<undefined>({ length: lanes }), Array.from({ length: lanes }, () => 0)];
      broker = { key, leader, streams, users, isGone: false };
      this.#brokers.set(key, broker);
    }
    return join(broker, 0);
  }

  /** The stream at a place, opened where it is not. */
  at({ broker, lane }: StreamPlace): ProduceStream {
    const known = broker.streams[lane];
    if (known !== undefined) return known;
    const { brokerId, address } = broker.leader;
    const onEnded = (): void => {
      if (broker.streams[lane] === stream) broker.streams[lane] = undefined;
    };
    const stream = new ProduceStream({ brokerId, address, lane, onEnded }, this.#dependencies);
    broker.streams[lane] = stream;
    stream.start().catch((error: unknown) => stream.abort(toSluiceError(error)));
    return stream;
  }

  /** Whether the connection is full and another one serves fewer partitions. */
  isCrowded({ broker, lane }: StreamPlace): boolean {
    if (this.#lanesMax === 1 || broker.streams[lane]?.isFull !== true) return false;
    return Math.min(...broker.users) + 1 < (broker.users[lane] as number);
  }

  /** Leaves a place for the one with the fewest partitions at that broker. */
  elsewhere(place: StreamPlace): StreamPlace {
    this.#leave(place);
    return join(place.broker, place.broker.users.indexOf(Math.min(...place.broker.users)));
  }

  /** Breaks all streams, for good. Requests without an answer are told. */
  abort(error: SluiceError): void {
    this.#stopListening();
    for (const { streams } of this.#brokers.values()) for (const stream of [...streams]) stream?.abort(error);
  }

  #brokersTold(brokers: readonly BrokerMetadata[]): void {
    const there = new Set(brokers.map(({ id, address }) => keyOf(id, address)));
    for (const broker of this.#brokers.values()) {
      const isBack = broker.isGone && there.has(broker.key);
      broker.isGone = !there.has(broker.key);
      if (isBack) this.at({ broker, lane: 0 });
    }
  }

  #leave({ broker, lane }: StreamPlace): void {
    broker.users[lane] = (broker.users[lane] as number) - 1;
  }
}

function keyOf(brokerId: number, address: BrokerAddress): string {
  return `${brokerId}@${addressText(address)}`;
}

function join(broker: BrokerStreams, lane: number): StreamPlace {
  broker.users[lane] = (broker.users[lane] as number) + 1;
  return { broker, lane };
}
