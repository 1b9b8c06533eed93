import { MemoryClusterStore } from "@sluice/coordination";
import { MemoryFileSystem } from "@sluice/log/testing";
import type { BrokerAddress, Clock, Timer, Transport, TransportConnection } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { SeededRandom } from "@sluice/model/testing";
import { clusterService, GrpcTransport, logService, type Partition, type ProduceResponse } from "@sluice/protocol";
import { RecordBatchBuilder } from "@sluice/record";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { brokerConfig } from "./broker-config.js";
import { nodePorts } from "./broker-ports.js";
import { silentLogger } from "./logging.js";
import type { RunningBroker } from "./running-broker.js";
import { startBroker } from "./start-broker.js";

const brokerIds = [1, 2, 3];
const partitions = 150;
/** Timers of calls that are under way come and go: far fewer than one for each replica that a broker keeps. */
const timersThatComeAndGo = 50;

describe("three brokers with many partitions", () => {
  let clock: CountingClock;
  let transport: CountingTransport;
  let store: MemoryClusterStore;
  let brokers: RunningBroker[];
  let connections: TransportConnection[];

  beforeEach(async () => {
    clock = new CountingClock();
    transport = new CountingTransport();
    store = new MemoryClusterStore({ clock: new NodeClock(), random: new NodeRandom() });
    connections = [];
    brokers = await Promise.all(brokerIds.map(start));
  });

  afterEach(async () => {
    for (const connection of connections) connection.close();
    await Promise.all(brokers.map((broker) => broker.close()));
    await store.close();
  });

  function start(brokerId: number): Promise<RunningBroker> {
    const config = brokerConfig({
      brokerId,
      port: 0,
      stopGraceMs: 1000,
      groupOffsetsBrokersMin: 3,
      groupOffsetsPartitions: 1,
      diskReserveBytes: 0,
    });
    const fileSystem = new MemoryFileSystem(new SeededRandom(brokerId));
    const ports = { ...nodePorts(config), fileSystem, clock, transport };
    return startBroker({ config, clusterStore: store, logger: silentLogger }, ports);
  }

  function connectTo(broker: RunningBroker): TransportConnection {
    const connection = new GrpcTransport().connect(broker);
    connections.push(connection);
    return connection;
  }

  async function create(name: string, count: number): Promise<readonly Partition[]> {
    const request = { name, partitions: count, replicationFactor: 3, configs: [], validateOnly: false };
    const { topic } = await connectTo(brokers[0] as RunningBroker).call(clusterService.createTopic, request);
    return topic?.partitions ?? [];
  }

  /** A record for each partition; resolves with the answers: each says how many replicas have it. */
  async function produceToAll(topic: string, led: readonly Partition[]): Promise<ProduceResponse[]> {
    const byLeader = brokers.map((broker, at) => {
      return produce(
        broker,
        led.filter(({ leaderIdPlusOne }) => leaderIdPlusOne - 1 === brokerIds[at]).map((each) => each.partition),
      );
    });
    return (await Promise.all(byLeader)).flat();

    function produce(to: RunningBroker, numbers: readonly number[]): Promise<ProduceResponse[]> {
      const answers: ProduceResponse[] = [];
      return new Promise((resolve, reject) => {
        const stream = connectTo(to).open(logService.produce, {
          onMessage: (answer) => {
            answers.push(answer);
            if (answers.length === numbers.length) resolve(answers);
          },
          onEnd: () => undefined,
          onError: reject,
        });
        for (const partition of numbers) {
          const builder = new RecordBatchBuilder({});
          builder.append({ timestampMs: 1000, key: null, value: Buffer.from("v") });
          const records = builder.build();
          stream.send({ correlationId: partition, topic, partition, acks: "all", leaderEpoch: undefined, records });
        }
      });
    }
  }

  it("have one stream for each ordered pair of them, and no timer for a partition", async () => {
    const few = await create("few", 3);
    expect((await produceToAll("few", few)).map(({ replicas }) => replicas)).toEqual([3, 3, 3]);
    const [timersBefore, streamsBefore] = [clock.count, transport.openOf("Replicate")];
    expect(streamsBefore).toBe(6);
    const many = await create("many", partitions);
    const answers = await produceToAll("many", many);
    // Each was replicated by both others.
    expect(answers.map(({ error, replicas }) => [error, replicas])).toEqual(many.map(() => [undefined, 3]));
    expect(transport.openOf("Replicate")).toBe(streamsBefore);
    expect(clock.count - timersBefore).toBeLessThan(timersThatComeAndGo);
  });
});

/** Counts the timers that have neither run nor been cancelled. */
class CountingClock extends NodeClock implements Clock {
  count = 0;

  override setTimer(delayMs: number, callback: () => void): Timer {
    this.count += 1;
    let isSet = true;
    const over = (): void => {
      if (isSet) this.count -= 1;
      isSet = false;
    };
    const timer = super.setTimer(delayMs, () => {
      over();
      callback();
    });
    return {
      cancel: () => {
        over();
        timer.cancel();
      },
    };
  }
}

/** Counts the streams that brokers have opened and that are not over, by method. */
class CountingTransport extends GrpcTransport implements Transport {
  readonly #open = new Map<string, number>();

  openOf(method: string): number {
    return this.#open.get(method) ?? 0;
  }

  override connect(address: BrokerAddress): TransportConnection {
    const connection = super.connect(address);
    return {
      address,
      call: (method, request, options) => connection.call(method, request, options),
      open: (method, listener) => {
        const over = this.#opened(method.path.slice(method.path.lastIndexOf("/") + 1));
        const stream = connection.open(method, {
          onMessage: (message) => listener.onMessage(message),
          onDrain: () => listener.onDrain?.(),
          onEnd: () => {
            over();
            listener.onEnd();
          },
          onError: (error) => {
            over();
            listener.onError(error);
          },
        });
        return {
          send: (message) => stream.send(message),
          end: () => stream.end(),
          pause: () => stream.pause(),
          resume: () => stream.resume(),
          abort: (error) => {
            over();
            stream.abort(error);
          },
        };
      },
      close: () => connection.close(),
    };
  }

  /** Counts a stream in; returns the way to count it out, once. */
  #opened(method: string): () => void {
    this.#open.set(method, this.openOf(method) + 1);
    let isOpen = true;
    return () => {
      if (isOpen) this.#open.set(method, this.openOf(method) - 1);
      isOpen = false;
    };
  }
}
