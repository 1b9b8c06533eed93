/**
 * One run: a whole cluster from one seed, first under faults, then healing.
 *
 * The safety phase lasts for a number of events; whatever happens in it, no invariant may break. Then all faults end, producers stop,
 * and within `healMsMax` of simulated time the cluster must be whole and equal everywhere; at last everything is read again and
 * compared. The first violation ends the run. Two runs of one seed are the same run.
 */

import type { StoreChange } from "@sluice/coordination";
import { prepareCompression } from "@sluice/record";
import { etcdHost, SimulatedBroker } from "../brokers/simulated-broker.js";
import type { FaultType, PlannedFault } from "../faults/fault.js";
import { FaultInjector } from "../faults/fault-injector.js";
import { drawFaultPlan } from "../faults/fault-plan.js";
import { drawSwarmOptions, type SwarmOptions } from "../faults/swarm-options.js";
import { topicsOf } from "../ghost/image-topics.js";
import { ObservedCluster } from "../ghost/observed-cluster.js";
import { partitionKeyOf } from "../ghost/replica-logs.js";
import { invariants } from "../invariants/catalogue.js";
import { metadataProblem } from "../invariants/i25-metadata-converges.js";
import { livenessProblem } from "../invariants/i26-liveness-after-heal.js";
import { topicPartitionName } from "../invariants/invariant.js";
import { Chance } from "../kernel/chance.js";
import { eventLoopTurn } from "../kernel/event-loop-turn.js";
import { Scheduler } from "../kernel/scheduler.js";
import { Trace } from "../kernel/trace.js";
import type { MessageObserver, ObservedStream } from "../network/message-observer.js";
import { SimulatedNetwork } from "../network/simulated-network.js";
import { SimulatedEtcd } from "../store/simulated-etcd.js";
import type { ClusterWatcher } from "../workload/cluster-watcher.js";
import { History } from "../workload/history.js";
import type { Reader } from "../workload/reader.js";
import { clientHosts, Workload } from "../workload/workload.js";

export interface SimulationOptions {
  readonly seed: number;
  /** Events of the safety phase, the start of the cluster included. */
  readonly events: number;
  /** The faults that there are, each as likely as the others. Default: the seed draws that. */
  readonly mix?: readonly FaultType[] | undefined;
  /** Places in the plan of the faults that are left out. Default: none. */
  readonly leftOutFaults?: ReadonlySet<number>;
  /** Changes of what the seed draws. Default: none. */
  readonly overrides?: Partial<SwarmOptions>;
  /** Whether the timeline shows what brokers say to one another. It changes no trace. Default false. */
  readonly showsMessages?: boolean;
}

export interface Violation {
  /** `I1`, or `crash` where code of the project threw what nobody caught. */
  readonly invariant: string;
  readonly text: string;
}

export interface SimulationResult {
  readonly seed: number;
  /** Undefined: all invariants held. */
  readonly violation: Violation | undefined;
  /** Equal for two runs in which the same happened. */
  readonly traceHash: string;
  readonly events: number;
  readonly simulatedMs: number;
  readonly acknowledged: number;
  readonly read: number;
  readonly faults: ReadonlyMap<FaultType, number>;
  readonly plan: readonly PlannedFault[];
  readonly timeline: readonly string[];
}

/** Simulated time within which a healed cluster is whole, in milliseconds. */
const healMsMax = 60_000;
/** The cluster has so long to start and to create the topics, in milliseconds. */
const startMsMax = 60_000;
/** Producers go on for so long after the heal, in milliseconds. */
const healedWorkMs = 1000;
const pollMs = 250;
/** Longest time between the starts of two brokers, in milliseconds. */
const startSpreadMs = 200;

/** Runs one seed. Never rejects: what goes wrong is a violation. */
export async function runSimulation(options: SimulationOptions): Promise<SimulationResult> {
  // Once for the process: it is not part of any run.
  await prepareCompression();
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #swarm: SwarmOptions;
  readonly #scheduler: Scheduler;
  readonly #trace: Trace;
  readonly #cluster = new ObservedCluster();
  readonly #history = new History();
  readonly #finalRecords = new Map<string, Map<number, string>>();
  readonly #etcd: SimulatedEtcd;
  readonly #network: SimulatedNetwork;
  readonly #brokers: readonly SimulatedBroker[];
  readonly #workload: Workload;
  readonly #injector: FaultInjector;
  readonly #plan: readonly PlannedFault[];
  readonly #endChecks: (() => void)[] = [];
  #violation: Violation | undefined;

  constructor(options: SimulationOptions) {
    const { seed } = options;
    this.#options = options;
    this.#swarm = { ...drawSwarmOptions(seed, options.mix), ...options.overrides };
    this.#plan = drawFaultPlan(seed, this.#swarm);
    this.#scheduler = new Scheduler(new Chance(seed, "scheduler"));
    this.#trace = new Trace(this.#scheduler);
    const dependencies = { scheduler: this.#scheduler, trace: this.#trace };
    this.#etcd = new SimulatedEtcd({ scheduler: this.#scheduler, chance: new Chance(seed, "etcd") });
    this.#etcd.observe((change) => {
      this.#tellStoreChange(change);
      this.#cluster.onStoreChange(change);
    });
    this.#network = new SimulatedNetwork(
      { latency: this.#swarm.latency, latencyOf: { [etcdHost]: this.#swarm.storeLatency } },
      { ...dependencies, chance: new Chance(seed, "network"), observer: this.#messageObserver() },
    );
    this.#brokers = Array.from({ length: this.#swarm.brokers }, (_, index) => this.#newBroker(index + 1));
    this.#workload = new Workload(this.#swarm, {
      scheduler: this.#scheduler,
      network: this.#network,
      chance: new Chance(seed, "workload"),
      history: this.#history,
      isStoreTrusted: () => this.#cluster.isStoreTrusted,
    });
    this.#injector = new FaultInjector({
      ...dependencies,
      network: this.#network,
      etcd: this.#etcd,
      cluster: this.#cluster,
      brokers: this.#brokers,
      clientHosts,
      adoptStore: (afterMs) => this.#workload.adoptStore(afterMs),
    });
    this.#watchInvariants();
  }

  async run(): Promise<SimulationResult> {
    const onRejection = (reason: unknown): void => {
      this.#violated("crash", reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
    };
    process.on("unhandledRejection", onRejection);
    try {
      await this.#safetyPhase();
      await this.#healingPhase();
    } catch (error) {
      onRejection(error);
    } finally {
      for (const broker of this.#brokers) broker.abandon();
      await eventLoopTurn();
      process.off("unhandledRejection", onRejection);
    }
    return this.#result();
  }

  #newBroker(id: number): SimulatedBroker {
    const { diskSpeed, storeTimeoutMs, brokerLeaseMs, brokerSuspectMs, replicaLagMs, brokers } = this.#swarm;
    const config = {
      brokerLeaseMs,
      brokerSuspectMs,
      replicaLagMs,
      groupOffsetsPartitions: 1,
      groupOffsetsBrokersMin: brokers,
      uncleanRecoveryWaitMs: 3000,
      leaderBalanceIntervalMs: 5000,
      stopGraceMs: 1000,
    };
    return new SimulatedBroker(
      { id, diskSpeed, storeTimeoutMs, config },
      {
        scheduler: this.#scheduler,
        chance: new Chance(this.#options.seed, `broker-${id}`),
        network: this.#network,
        etcd: this.#etcd,
        cluster: this.#cluster,
        trace: this.#trace,
        answerLoss: () => this.#injector.answerLoss,
      },
    );
  }

  /** Every message counts for the trace, and is seen by the observed cluster. */
  #messageObserver(): MessageObserver {
    return {
      onRequest: (stream, message) => {
        this.#trace.note(`${stream.clientName} > ${stream.path}`);
        this.#maybeShow(stream, ">", message);
        this.#cluster.onRequest(stream, message);
      },
      onResponse: (stream, message) => {
        this.#trace.note(`${stream.serverName} < ${stream.path}`);
        this.#maybeShow(stream, "<", message);
        this.#cluster.onResponse(stream, message);
      },
      onAborted: (stream, by, error) => {
        this.#trace.note(`${stream.path} broken off by the ${by}: ${error.code}`);
        this.#maybeShow(stream, `broken off by the ${by}`, error);
      },
    };
  }

  #tellStoreChange({ revision, events }: StoreChange): void {
    for (const event of events) {
      const what = event.type === "put" ? `${event.entry.key} = ${event.entry.value}` : `${event.key} is gone`;
      // A sign of life, by the dozen.
      if (!what.includes("/brokers/tick/")) this.#trace.tell("etcd", `${revision}: ${what}`);
    }
  }

  #maybeShow(stream: ObservedStream, direction: string, message: unknown): void {
    if (this.#options.showsMessages !== true || !stream.path.startsWith("/sluice.v1.Replication/")) return;
    const method = stream.path.slice(stream.path.lastIndexOf("/") + 1);
    this.#trace.show(stream.clientName, `${direction} ${stream.serverName} ${method} ${messageText(message)}`);
  }

  #watchInvariants(): void {
    for (const { id, create } of invariants) {
      const invariant = create({
        cluster: this.#cluster,
        history: this.#history,
        finalRecords: this.#finalRecords,
        violated: (text) => this.#violated(id, text),
      });
      this.#cluster.observe(invariant);
      this.#history.listen(invariant);
      this.#endChecks.push(() => invariant.atEnd?.());
    }
    this.#history.listen({ onRead: (read) => this.#recordFinalRead(read) });
  }

  async #safetyPhase(): Promise<void> {
    for (const broker of this.#brokers) {
      this.#scheduler.schedule(new Chance(this.#options.seed, broker.name).between(0, startSpreadMs), () =>
        broker.start(),
      );
    }
    let isCreated = false;
    void this.#workload.createTopics().then(() => {
      isCreated = true;
    });
    await this.#runUntil(() => isCreated, startMsMax);
    if (!isCreated && this.#violation === undefined) this.#violated("I26", "the cluster did not start");
    this.#trace.tell("simulator", "the workload begins");
    this.#workload.start();
    const leftOut = this.#options.leftOutFaults ?? new Set();
    this.#injector.start(this.#plan.filter((_, place) => !leftOut.has(place)));
    await this.#runUntil(() => this.#scheduler.eventCount >= this.#options.events, Number.POSITIVE_INFINITY);
  }

  async #healingPhase(): Promise<void> {
    if (this.#violation !== undefined) return;
    this.#injector.heal();
    // From now on, so that what they know at the end has come in changes.
    const watchers = this.#workload.watchAll();
    this.#scheduler.schedule(healedWorkMs, () => this.#workload.stopChanges());
    let problem: string | undefined = "nothing was asked yet";
    const endMs = this.#scheduler.nowMs + healMsMax;
    while (problem !== undefined && this.#scheduler.nowMs < endMs && this.#violation === undefined) {
      await this.#pause(pollMs);
      problem = await this.#convergenceProblem(watchers);
    }
    if (problem !== undefined)
      return this.#violated("I26", `not whole ${healMsMax} ms after all faults ended: ${problem}`);
    await this.#readEverything();
    if (this.#violation === undefined) for (const check of this.#endChecks) check();
  }

  /** Why the cluster is not whole yet; undefined: it is. */
  async #convergenceProblem(watchers: readonly ClusterWatcher[]): Promise<string | undefined> {
    if (this.#workload.pendingCount > 0) return `${this.#workload.pendingCount} batches have no outcome`;
    if (this.#cluster.image.history.isRestored) return "the store was restored and is not adopted yet";
    const liveness = livenessProblem(this.#cluster);
    if (liveness !== undefined) return liveness;
    let described: Awaited<ReturnType<Workload["describeAll"]>> | undefined;
    void this.#workload.describeAll().then((answers) => {
      described = answers;
    });
    await this.#runUntil(() => described !== undefined, healMsMax);
    for (const broker of this.#brokers) {
      const place = broker.id - 1;
      const problem = metadataProblem(this.#cluster, broker.id, {
        described: described?.[place],
        watched: watchers[place]?.view,
      });
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  async #readEverything(): Promise<void> {
    const readers = this.#workload.readAgain();
    const isDone = (): boolean => readers.every((reader) => reader.position >= this.#logEnd(reader));
    await this.#runUntil(isDone, healMsMax);
    const behind = readers.find((reader) => reader.position < this.#logEnd(reader));
    if (behind === undefined || this.#violation !== undefined) return;
    const where = `${topicPartitionName(behind)}@${behind.position} of ${this.#logEnd(behind)}`;
    this.#violated("I26", `not everything can be read: a reader stands at ${where}`);
  }

  #logEnd({ topic, partition }: Reader): number {
    const image = topicsOf(this.#cluster.image).find(({ name }) => name === topic);
    const leader = image?.partitions[partition]?.leader;
    if (image === undefined || leader === undefined) return Number.POSITIVE_INFINITY;
    return this.#cluster.logs.of(leader, partitionKeyOf(image.id, partition))?.endOffset ?? 0;
  }

  #recordFinalRead(read: { reader: string; topic: string; partition: number; offset: number; sendId: string }): void {
    if (!read.reader.startsWith("final-")) return;
    const name = topicPartitionName(read);
    const records = this.#finalRecords.get(name) ?? new Map<number, string>();
    this.#finalRecords.set(name, records);
    records.set(read.offset, read.sendId);
  }

  async #pause(durationMs: number): Promise<void> {
    let isOver = false;
    this.#scheduler.schedule(durationMs, () => {
      isOver = true;
    });
    await this.#runUntil(() => isOver, durationMs + 1);
  }

  /** Lets events happen, one at a time with all that follows from it, until the condition holds, time is over or something broke. */
  async #runUntil(condition: () => boolean, durationMs: number): Promise<void> {
    const endMs = this.#scheduler.nowMs + durationMs;
    while (this.#violation === undefined && !condition() && this.#scheduler.nowMs < endMs) {
      if (!this.#scheduler.runNext()) return;
      await eventLoopTurn();
    }
  }

  #violated(invariant: string, text: string): void {
    this.#violation ??= { invariant, text };
  }

  #result(): SimulationResult {
    const acknowledged = [...this.#history.sends.values()].filter(({ state }) => state === "acknowledged").length;
    return {
      seed: this.#options.seed,
      violation: this.#violation,
      traceHash: this.#trace.hash,
      events: this.#scheduler.eventCount,
      simulatedMs: this.#scheduler.nowMs,
      acknowledged,
      read: this.#history.readCount,
      faults: this.#injector.counts,
      plan: this.#plan,
      timeline: this.#trace.timeline,
    };
  }
}

/** A message of the wire without its records and without what has its default. */
function messageText(message: unknown): string {
  if (message instanceof Error) return `${message.message} ${(message.cause as Error | undefined)?.stack ?? ""}`;
  const shown = Object.entries(message as object).map(([name, value]): [string, unknown] => [
    name,
    Buffer.isBuffer(value) ? value.length : value instanceof Error ? value.message : value,
  ]);
  const told = shown.filter(([, value]) => value !== undefined && value !== "" && value !== false);
  return JSON.stringify(Object.fromEntries(told));
}
