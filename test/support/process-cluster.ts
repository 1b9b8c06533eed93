/**
 * Three brokers and an etcd as processes of their own, for tests that break them. All of it is gone after the test.
 *
 * With `proxies`, what goes to a broker's internal and external listener, and what a broker says to etcd, each goes through a
 * TCP proxy of its own, to be cut and stalled. A proxy accepts where its broker is dead, so tests of death go without.
 */

import { Sluice } from "@sluice/client";
import { groupsService } from "@sluice/protocol";
import { onTestFailed, onTestFinished } from "vitest";
import { type BrokerProcess, startBrokerProcess } from "./broker-process.js";
import { askBroker, expectHealed } from "./cluster-views.js";
import { EtcdCluster } from "./etcd-process.js";
import { freePortRange } from "./free-ports.js";
import { until } from "./program.js";
import { TcpProxy } from "./tcp-proxy.js";
import { temporaryDirectory } from "./temporary-directory.js";

export interface ProcessClusterOptions {
  /** Members of etcd. Default 1. */
  readonly etcdMembers?: number;
  /** Put proxies in between. Default false. */
  readonly proxies?: boolean;
  /** Settings of all brokers, by their environment names. */
  readonly env?: Readonly<Record<string, string>>;
  /** Makes the data directory of a broker. Default: a temporary one. */
  readonly dataDirectory?: (id: number) => Promise<string>;
}

interface Proxies {
  readonly internal: TcpProxy;
  readonly external: TcpProxy;
  /** One for each member. */
  readonly etcd: readonly TcpProxy[];
}

const brokerCount = 3;
/** Ports of one broker: internal, external; HTTP is 100 above the internal one. */
const portsOfBroker = 2;

export class ClusterBroker {
  readonly id: number;
  readonly dataDirectory: string;
  readonly proxies: Proxies | undefined;
  /** Of its internal listener, not of the proxy in front of it. */
  readonly port: number;
  readonly #env: Readonly<Record<string, string>>;
  readonly #processes: BrokerProcess[] = [];

  constructor(options: {
    id: number;
    dataDirectory: string;
    port: number;
    proxies: Proxies | undefined;
    env: Readonly<Record<string, string>>;
  }) {
    this.id = options.id;
    this.dataDirectory = options.dataDirectory;
    this.proxies = options.proxies;
    this.port = options.port;
    this.#env = options.env;
  }

  /** Where clients of the test dial. */
  get address(): string {
    return `127.0.0.1:${this.proxies?.external.port ?? this.port + 1}`;
  }

  get process(): BrokerProcess {
    const last = this.#processes.at(-1);
    if (last === undefined) throw new Error(`broker ${this.id} was not started`);
    return last;
  }

  /** What all its processes logged. */
  get log(): string {
    return this.#processes.map((process) => process.log()).join("");
  }

  /** Starts it on its directory, and returns when it listens. */
  async start(): Promise<void> {
    const { dataDirectory, port } = this;
    this.#processes.push(await startBrokerProcess({ dataDirectory, port, env: this.#env }));
  }

  /** Waits until /readyz says so. */
  async ready(): Promise<void> {
    await until(async () => (await this.process.page("/readyz").catch(() => undefined))?.status === 200);
  }

  pause(): void {
    this.process.signal("SIGSTOP");
  }

  resume(): void {
    this.process.signal("SIGCONT");
  }
}

export class ProcessCluster {
  readonly brokers: readonly ClusterBroker[];
  readonly etcd: EtcdCluster;

  private constructor(brokers: readonly ClusterBroker[], etcd: EtcdCluster) {
    this.brokers = brokers;
    this.etcd = etcd;
  }

  /** Resolves when all brokers are ready. */
  static async start(options: ProcessClusterOptions = {}): Promise<ProcessCluster> {
    const etcd = await EtcdCluster.start({ members: options.etcdMembers ?? 1 });
    onTestFinished(() => etcd.dispose());
    const first = await freePortRange(brokerCount * portsOfBroker);
    const brokers: ClusterBroker[] = [];
    for (let index = 0; index < brokerCount; index += 1) {
      brokers.push(await placeBroker(index + 1, first + index * portsOfBroker, etcd, options));
    }
    const cluster = new ProcessCluster(brokers, etcd);
    onTestFailed(() => {
      for (const { id, log } of brokers) console.error(`log of broker ${id}:\n${log}`);
    });
    await Promise.all(brokers.map((broker) => broker.start()));
    await Promise.all(brokers.map((broker) => broker.ready()));
    return cluster;
  }

  get addresses(): string[] {
    return this.brokers.map(({ address }) => address);
  }

  broker(id: number): ClusterBroker {
    const found = this.brokers.find((broker) => broker.id === id);
    if (found === undefined) throw new Error(`there is no broker ${id}`);
    return found;
  }

  /** A client of the cluster, closed after the test. */
  client(): Sluice {
    const client = new Sluice({ brokers: this.addresses, retry: { initialRetryTime: 10, maxRetryTime: 100 } });
    onTestFinished(() => client.close({ timeoutMs: 0 }));
    return client;
  }

  /** The broker that leads that partition, as soon as one does. */
  async leaderOf(client: Sluice, topic: string, partition: number): Promise<ClusterBroker> {
    let leader = -1;
    await until(async () => {
      const [described] = (await client.admin().fetchTopicMetadata({ topics: [topic] })).topics;
      leader = described?.partitions.find(({ partitionId }) => partitionId === partition)?.leader ?? -1;
      return leader >= 0;
    });
    return this.broker(leader);
  }

  /** The broker that is controller, as soon as one is. */
  async controller(client: Sluice): Promise<ClusterBroker> {
    let controller: number | undefined;
    await until(async () => {
      controller = (await client.admin().describeCluster()).controller;
      return controller !== undefined;
    });
    return this.broker(controller as number);
  }

  /** The broker that coordinates that group, as soon as one does. */
  async coordinatorOf(group: string): Promise<ClusterBroker> {
    let coordinator = -1;
    await until(async () => {
      const [asked] = this.brokers as [ClusterBroker, ...ClusterBroker[]];
      const answer = await askBroker(asked, groupsService.findCoordinator, { group }).catch(() => undefined);
      coordinator = (answer?.brokerIdPlusOne ?? 0) - 1;
      return coordinator >= 0;
    });
    return this.broker(coordinator);
  }

  /** Waits until all brokers see what etcd holds, and nothing is missing anywhere. @throws AssertionError when a minute is not enough */
  healed(): Promise<void> {
    return expectHealed(this.brokers, this.etcd.endpoints);
  }

  /** Waits until all replicas of all partitions of the topic are in sync. */
  async inSync(client: Sluice, topic: string): Promise<void> {
    await until(async () => {
      const described = await client
        .admin()
        .fetchTopicMetadata({ topics: [topic] })
        .catch(() => undefined);
      const partitions = described?.topics[0]?.partitions ?? [];
      return partitions.length > 0 && partitions.every(({ isr, replicas }) => isr.length === replicas.length);
    });
  }
}

async function placeBroker(
  id: number,
  port: number,
  etcd: EtcdCluster,
  { proxies: wantsProxies = false, env = {}, dataDirectory = temporaryDirectory }: ProcessClusterOptions,
): Promise<ClusterBroker> {
  const proxies = wantsProxies ? await startProxies(port, etcd) : undefined;
  const endpoints = proxies?.etcd.map((proxy) => `http://127.0.0.1:${proxy.port}`) ?? etcd.endpoints;
  const advertised = {
    internal: proxies?.internal.port ?? port,
    external: proxies?.external.port ?? port + 1,
  };
  return new ClusterBroker({
    id,
    dataDirectory: await dataDirectory(id),
    port,
    proxies,
    env: {
      SLUICE_BROKER_ID: String(id),
      SLUICE_HTTP_PORT: String(port + 100),
      SLUICE_ETCD_ENDPOINTS: endpoints.join(","),
      SLUICE_LISTENERS: `internal=127.0.0.1:${port},external=127.0.0.1:${port + 1}`,
      SLUICE_ADVERTISED_LISTENERS: `internal=127.0.0.1:${advertised.internal},external=127.0.0.1:${advertised.external}`,
      SLUICE_GROUP_OFFSETS_BROKERS_MIN: String(brokerCount),
      SLUICE_GROUP_OFFSETS_PARTITIONS: "3",
      SLUICE_DISK_RESERVE_BYTES: "0",
      ...env,
    },
  });
}

async function startProxies(port: number, etcd: EtcdCluster): Promise<Proxies> {
  const started: TcpProxy[] = [];
  const start = async (target: number): Promise<TcpProxy> => {
    const proxy = await TcpProxy.start(target);
    started.push(proxy);
    onTestFinished(() => proxy.dispose());
    return proxy;
  };
  return {
    internal: await start(port),
    external: await start(port + 1),
    etcd: await Promise.all(etcd.members.map((member) => start(member.port))),
  };
}
