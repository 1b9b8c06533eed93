/**
 * One broker and its machine: production code, started and ended as an operator, a supervisor and bad luck do.
 *
 * The machine keeps its disk over all lives of the process. A start that fails is tried again after a while, as a supervisor does.
 */

import { type BrokerConfig, brokerConfig, noProcessStatistics, type RunningBroker, startBroker } from "@sluice/broker";
import { brokerId } from "@sluice/model";
import { type DiskFailure, MachineDisk, type RottenBytes } from "../disk/machine-disk.js";
import type { DiskSpeed } from "../disk/simulated-file-system.js";
import { SimulatedFileSystem } from "../disk/simulated-file-system.js";
import type { ObservedCluster } from "../ghost/observed-cluster.js";
import type { Chance } from "../kernel/chance.js";
import type { Scheduler } from "../kernel/scheduler.js";
import { SimulatedClock } from "../kernel/simulated-clock.js";
import { SimulatedProcess } from "../kernel/simulated-process.js";
import type { Trace } from "../kernel/trace.js";
import type { SimulatedNetwork } from "../network/simulated-network.js";
import { EtcdClient } from "../store/etcd-client.js";
import type { SimulatedEtcd } from "../store/simulated-etcd.js";
import { traceLogger } from "./trace-logger.js";

export const brokerPort = 9092;
export const dataDirectory = "/data";
export const etcdHost = "etcd";

export interface SimulatedBrokerOptions {
  readonly id: number;
  readonly diskSpeed: DiskSpeed;
  /** How long a call of the store may take, in milliseconds. */
  readonly storeTimeoutMs: number;
  readonly config: Partial<BrokerConfig>;
}

export interface SimulatedBrokerDependencies {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: SimulatedNetwork;
  readonly etcd: SimulatedEtcd;
  readonly cluster: ObservedCluster;
  readonly trace: Trace;
  /** Probability that an answer of the store is lost, as of now. */
  readonly answerLoss: () => number;
}

interface Life {
  readonly process: SimulatedProcess;
  readonly store: EtcdClient;
  /** Undefined: it is starting. */
  broker: RunningBroker | undefined;
  isStopping: boolean;
}

/** How long a supervisor waits before it starts what has failed, in milliseconds. */
const restartDelayMs = 1000;
/** How long a supervisor waits for a broker to stop before it kills it, in milliseconds. */
const stopPatienceMs = 15_000;

export class SimulatedBroker {
  readonly id: number;
  readonly name: string;
  readonly #options: SimulatedBrokerOptions;
  readonly #dependencies: SimulatedBrokerDependencies;
  readonly #disk: MachineDisk;
  #bootCount = 1;
  #lifeCount = 0;
  #life: Life | undefined;
  #wallErrorMs = 0;
  /** Of the power loss that `losePowerSoon` has armed. */
  #downMs = 0;
  /** Of the kill that `killAtStart` has armed. */
  #killAtStart: { readonly life: number; readonly operations: number; readonly downMs: number } | undefined;
  /** Of the kill that `killWhileFenced` has armed. */
  #killWhileFenced: { readonly life: number; readonly afterMs: number; readonly downMs: number } | undefined;

  constructor(options: SimulatedBrokerOptions, dependencies: SimulatedBrokerDependencies) {
    this.id = options.id;
    this.name = `broker-${options.id}`;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#disk = new MachineDisk(dependencies.chance);
    const self = brokerId(this.id);
    dependencies.cluster.observe({
      onImage: (image, previous) => {
        if (image.brokers.has(self) && !previous.brokers.has(self)) this.#registered();
      },
    });
  }

  /** Its process is there: starting, running or paused. */
  get isAlive(): boolean {
    return this.#life !== undefined;
  }

  /** It has started: it has seen what the store says, and does not stop. */
  get isServing(): boolean {
    return this.#life?.broker !== undefined && !this.#life.isStopping;
  }

  get isPaused(): boolean {
    return this.#life?.process.isPaused ?? false;
  }

  /** There is a copy of its disk that is older than its last registration: one of the same life cannot be told from the disk. */
  get hasOldDisk(): boolean {
    const { oldBrokerEpoch } = this.#disk;
    return oldBrokerEpoch !== undefined && oldBrokerEpoch < this.#lastBrokerEpoch;
  }

  /** Starts a process. Nothing happens where there is one. */
  start(): void {
    if (this.#life !== undefined) return;
    const { scheduler, network, trace } = this.#dependencies;
    this.#lifeCount += 1;
    network.host(this.name).isUp = true;
    const process = new SimulatedProcess(`${this.name}/${this.#lifeCount}`, scheduler);
    const life: Life = { process, store: this.#storeOf(process), broker: undefined, isStopping: false };
    this.#life = life;
    trace.tell(this.name, `process ${this.#lifeCount} starts`);
    void this.#run(life);
  }

  /** kill -9: what was written stays, synced or not. */
  kill(): void {
    if (this.#life === undefined) return;
    this.#dependencies.trace.tell(this.name, "is killed");
    this.#disk.kill();
    this.#end(false);
  }

  /** The machine loses power, and what was not synced. It comes back at the next start. */
  losePower(): void {
    this.#dependencies.trace.tell(this.name, "loses power");
    this.#disk.losePower();
    this.#machineDown();
  }

  /** The power goes in the middle of a disk operation to come, the `operations`-th from now, and comes back `downMs` later. */
  losePowerSoon(operations: number, downMs: number): void {
    this.#downMs = downMs;
    this.#disk.losePowerSoon(operations);
  }

  /** kill -9 of the next process, in the middle of its disk operation of that number; `downMs` later it is started again. */
  killAtStart(operations: number, downMs: number): void {
    this.#killAtStart = { life: this.#lifeCount + 1, operations, downMs };
  }

  /** kill -9 of the next process, so long after it has registered; `downMs` later it is started again. */
  killWhileFenced(afterMs: number, downMs: number): void {
    this.#killWhileFenced = { life: this.#lifeCount + 1, afterMs, downMs };
  }

  /** What was to happen in the middle of an operation to come does not. */
  disarm(): void {
    this.#killAtStart = undefined;
    this.#killWhileFenced = undefined;
    this.#disk.losePowerSoon(0);
  }

  /** The machine dies, and comes back with an empty disk. */
  loseDisk(): void {
    this.#dependencies.trace.tell(this.name, "loses its disk");
    this.#disk.lose();
    this.#machineDown();
  }

  /** Copies the disk, for `restoreDisk`. */
  rememberDisk(): void {
    this.#dependencies.trace.tell(this.name, "its disk is copied");
    this.#disk.remember(this.#lastBrokerEpoch);
  }

  /** The machine dies, and comes back with the copy of its disk that was made before. */
  restoreDisk(): void {
    this.#dependencies.trace.tell(this.name, "gets the old copy of its disk");
    this.#disk.restore();
    this.#machineDown();
  }

  /** Its disk takes so many bytes more and no others, until `makeRoom`. */
  fillDisk(roomBytes: number): void {
    this.#dependencies.trace.tell(this.name, "its disk gets full");
    this.#disk.fill(roomBytes);
  }

  makeRoom(): void {
    this.#disk.makeRoom();
  }

  /** Its disk breaks: those operations fail until the disk is replaced. */
  breakDisk(operation: DiskFailure): void {
    this.#dependencies.trace.tell(this.name, "its disk breaks");
    this.#disk.fail(operation);
  }

  /** A bit of its disk turns around. */
  rotDisk(rotten: RottenBytes): void {
    this.#dependencies.trace.tell(this.name, `a bit of ${rotten.path} turns around`);
    this.#disk.rot(rotten);
  }

  /** The process ends, and finds at its next start what has rotten as it was before. */
  repairDisk(): void {
    this.kill();
    this.#dependencies.trace.tell(this.name, "its disk is repaired");
    void this.#disk.repair();
  }

  get hasRottenDisk(): boolean {
    return this.#disk.isRotten;
  }

  get hasBrokenDisk(): boolean {
    return this.#disk.isBroken;
  }

  /** The machine goes down, and comes back with a disk that has all that could be read of this one. */
  rescueDisk(): void {
    this.#dependencies.trace.tell(this.name, "its disk is copied to a new one");
    this.#disk.rescue();
    this.#machineDown();
  }

  /** SIGTERM: stops cleanly, in its own time, or is killed after a while; `downMs` later it is started again. False: it does not serve. */
  stop(downMs: number): boolean {
    const life = this.#life;
    if (life?.broker === undefined || life.isStopping) return false;
    life.isStopping = true;
    const { broker, process } = life;
    const { scheduler } = this.#dependencies;
    this.#dependencies.trace.tell(this.name, "is asked to stop");
    const exited = (how: string): void => {
      if (this.#life !== life) return;
      this.#exited(life, how);
      scheduler.schedule(downMs, () => this.start());
    };
    scheduler.schedule(stopPatienceMs, () => exited("is killed, since it does not stop"));
    process.enter(() => {
      broker.close().then(
        () => exited("stopped"),
        (error: Error) => exited(`stopped with an error: ${error.message}`),
      );
    });
    return true;
  }

  /** The run is over: nothing of it runs any more. */
  abandon(): void {
    this.#life?.process.die();
  }

  pause(): void {
    this.#dependencies.trace.tell(this.name, "is paused");
    this.#life?.process.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.#dependencies.trace.tell(this.name, "goes on");
    this.#life?.process.resume();
  }

  /** Its wall clock is off by so many milliseconds from now on. */
  jumpWallClock(errorMs: number): void {
    this.#wallErrorMs = errorMs;
  }

  breakWatches(): void {
    this.#life?.store.breakWatches();
  }

  /** As the store knows it; 0: it was never registered. */
  get #lastBrokerEpoch(): number {
    return this.#dependencies.cluster.image.lastRegistrations.get(brokerId(this.id))?.brokerEpoch ?? 0;
  }

  async #run(life: Life): Promise<void> {
    try {
      life.broker = await startBroker(
        { config: this.#config(), clusterStore: life.store, logger: traceLogger(this.#dependencies.trace, this.name) },
        this.#portsOf(life.process),
      );
    } catch (error) {
      this.#exited(life, `could not start: ${(error as Error).message}`);
      this.#dependencies.scheduler.schedule(restartDelayMs, () => this.start());
    }
  }

  #config(): BrokerConfig {
    return brokerConfig({
      ...this.#options.config,
      brokerId: this.id,
      host: this.name,
      port: brokerPort,
      dataDirectory,
      diskReserveBytes: 0,
    });
  }

  #portsOf(process: SimulatedProcess) {
    const { scheduler, chance, network, cluster } = this.#dependencies;
    const fileSystem = new SimulatedFileSystem(this.#options.diskSpeed, {
      onOperation: (count) => this.#maybeKillAt(count),
      memory: this.#disk.files,
      process,
      chance,
      tap: cluster.tapOf(this.id),
      bootId: `${this.name}-boot-${this.#bootCount}`,
      onDown: () => {
        this.losePower();
        scheduler.schedule(this.#downMs, () => this.start());
      },
    });
    return {
      fileSystem,
      clock: new SimulatedClock(scheduler, process, () => this.#wallErrorMs),
      random: chance,
      transport: network.transportOf({ process, host: this.name, clientId: `broker-${this.id}` }),
      listenHttp: async ({ port }: { readonly port: number }) => ({ port, close: async () => undefined }),
      processStatistics: () => noProcessStatistics,
    };
  }

  #registered(): void {
    const armed = this.#killWhileFenced;
    if (armed === undefined || armed.life !== this.#lifeCount) return;
    const { scheduler } = this.#dependencies;
    scheduler.schedule(armed.afterMs, () => {
      if (this.#killWhileFenced !== armed || armed.life !== this.#lifeCount || !this.isAlive) return;
      this.#killWhileFenced = undefined;
      this.kill();
      scheduler.schedule(armed.downMs, () => this.start());
    });
  }

  #maybeKillAt(operationCount: number): void {
    const armed = this.#killAtStart;
    if (armed === undefined || armed.life !== this.#lifeCount || operationCount < armed.operations) return;
    this.#killAtStart = undefined;
    this.kill();
    this.#dependencies.scheduler.schedule(armed.downMs, () => this.start());
  }

  #storeOf(process: SimulatedProcess): EtcdClient {
    const { chance, network, etcd, answerLoss } = this.#dependencies;
    return new EtcdClient(
      { callTimeoutMs: this.#options.storeTimeoutMs },
      {
        etcd,
        process,
        chance,
        toEtcd: network.link(this.name, etcdHost),
        fromEtcd: network.link(etcdHost, this.name),
        answerLoss,
      },
    );
  }

  /** The process ended by itself. */
  #exited(life: Life, how: string): void {
    if (this.#life !== life) return;
    this.#dependencies.trace.tell(this.name, how);
    this.#disk.kill();
    this.#end(false);
  }

  #machineDown(): void {
    this.#bootCount += 1;
    this.#end(true);
    this.#dependencies.network.host(this.name).isUp = false;
    void this.#reread();
  }

  async #reread(): Promise<void> {
    const { cluster } = this.#dependencies;
    await cluster.reread(this.id, await this.#disk.asWritten(), `${dataDirectory}/broker-${this.id}`);
  }

  #end(isSilent: boolean): void {
    const life = this.#life;
    this.#life = undefined;
    if (life === undefined) return;
    life.process.die();
    this.#dependencies.cluster.processEnded(brokerId(this.id));
    void life.store.close();
    this.#dependencies.network.processGone(life.process, isSilent);
  }
}
