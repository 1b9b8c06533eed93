/**
 * Makes planned faults happen, and ends them: each after its time, and all of them when the run turns to healing.
 *
 * A fault that makes no sense when its time comes (a broker that is down is killed), or that would destroy more than the cluster
 * promises to survive, does not happen.
 */

import { assertNever } from "@sluice/model";
import type { SimulatedBroker } from "../brokers/simulated-broker.js";
import { etcdHost } from "../brokers/simulated-broker.js";
import type { ObservedCluster } from "../ghost/observed-cluster.js";
import type { Scheduler } from "../kernel/scheduler.js";
import type { Trace } from "../kernel/trace.js";
import type { SimulatedNetwork } from "../network/simulated-network.js";
import type { SimulatedEtcd } from "../store/simulated-etcd.js";
import { type Loss, markLost, mayLose } from "./data-at-risk.js";
import { type Fault, type FaultType, faultText, type PlannedFault } from "./fault.js";

type FaultOf<Type extends FaultType> = Extract<Fault, { readonly type: Type }>;

export interface FaultInjectorDependencies {
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  readonly etcd: SimulatedEtcd;
  readonly cluster: ObservedCluster;
  readonly brokers: readonly SimulatedBroker[];
  readonly trace: Trace;
  /** Hosts of clients. */
  readonly clientHosts: readonly string[];
}

export class FaultInjector {
  readonly #dependencies: FaultInjectorDependencies;
  readonly #counts = new Map<FaultType, number>();
  #answerLoss = 0;
  #isHealing = false;

  constructor(dependencies: FaultInjectorDependencies) {
    this.#dependencies = dependencies;
  }

  /** How often each fault has happened. */
  get counts(): ReadonlyMap<FaultType, number> {
    return this.#counts;
  }

  /** Probability that an answer of etcd is lost, as of now. */
  get answerLoss(): number {
    return this.#answerLoss;
  }

  /** Lets the faults of a plan happen, counted from now. */
  start(plan: readonly PlannedFault[]): void {
    for (const { atMs, fault } of plan) this.#dependencies.scheduler.schedule(atMs, () => this.#inject(fault));
  }

  /** Ends all faults for good: the network is whole, everything runs. */
  heal(): void {
    this.#isHealing = true;
    const { network, etcd, brokers, trace } = this.#dependencies;
    trace.tell("simulator", "all faults end");
    this.#answerLoss = 0;
    network.healAll();
    etcd.regainQuorum();
    for (const broker of brokers) {
      broker.disarm();
      broker.resume();
      broker.start();
    }
  }

  #inject(fault: Fault): void {
    if (this.#isHealing || !this.#apply(fault)) return;
    this.#counts.set(fault.type, (this.#counts.get(fault.type) ?? 0) + 1);
    this.#dependencies.trace.tell("fault", faultText(fault));
  }

  /** False: it makes no sense now. */
  #apply(fault: Fault): boolean {
    const { network, etcd } = this.#dependencies;
    switch (fault.type) {
      case "kill":
        return this.#kill(fault.brokers, fault.downMs);
      case "powerLoss":
        return this.#losing(fault.brokers, "power", fault.downMs, (broker) => broker.losePower());
      case "diskLoss":
        return this.#losing([fault.broker], "disk", fault.downMs, (broker) => broker.loseDisk());
      case "diskRestore":
        return (
          this.#broker(fault.broker).hasOldDisk &&
          this.#losing([fault.broker], "disk", fault.downMs, (broker) => broker.restoreDisk())
        );
      case "powerLossInWrite":
        return this.#losePowerInWrite(fault.broker, fault.operations, fault.downMs);
      case "killInStart":
        if (!this.#endNow(fault)) return false;
        this.#broker(fault.broker).killAtStart(fault.operations, fault.downMs);
        return true;
      case "killWhileFenced":
        if (!this.#endNow(fault)) return false;
        this.#broker(fault.broker).killWhileFenced(fault.afterMs, fault.downMs);
        return true;
      case "stop":
        return this.#broker(fault.broker).stop(fault.downMs);
      case "pause":
        return this.#pause(fault.broker, fault.durationMs);
      case "diskCopy":
        this.#broker(fault.broker).rememberDisk();
        return true;
      case "watchBreak":
        this.#broker(fault.broker).breakWatches();
        return true;
      case "wallClockJump":
        this.#broker(fault.broker).jumpWallClock(fault.errorMs);
        return true;
      case "cut":
        this.#cut(
          [[fault.from, fault.to], ...(fault.isBothWays ? [[fault.to, fault.from] as const] : [])],
          fault.durationMs,
        );
        return true;
      case "isolate":
        this.#cut(this.#allLinksOf(`broker-${fault.broker}`), fault.durationMs);
        return true;
      case "clog": {
        const link = network.link(fault.from, fault.to);
        link.clog(fault.delayMs);
        this.#later(fault.durationMs, () => link.clog(0));
        return true;
      }
      case "reset":
        network.resetConnections(fault.one, fault.other);
        return true;
      case "quorumLoss":
        etcd.loseQuorum();
        this.#later(fault.durationMs, () => etcd.regainQuorum());
        return true;
      case "answerLoss":
        this.#answerLoss = fault.probability;
        this.#later(fault.durationMs, () => {
          this.#answerLoss = 0;
        });
        return true;
      case "compaction":
        etcd.compact();
        return true;
      default:
        return assertNever(fault);
    }
  }

  #losing(brokers: readonly number[], loss: Loss, downMs: number, end: (broker: SimulatedBroker) => void): boolean {
    const { cluster } = this.#dependencies;
    if (!mayLose(cluster, brokers, loss)) return false;
    markLost(cluster, brokers, loss);
    for (const id of brokers) end(this.#broker(id));
    this.#startLater(brokers, downMs);
    return true;
  }

  #kill(brokers: readonly number[], downMs: number): boolean {
    const running = brokers.map((id) => this.#broker(id)).filter((broker) => broker.isAlive);
    for (const broker of running) broker.kill();
    this.#startLater(brokers, downMs);
    return running.length > 0;
  }

  /** When it happens is not known now: only where no topic could lose anything by it. */
  #losePowerInWrite(id: number, operations: number, downMs: number): boolean {
    const { cluster } = this.#dependencies;
    const broker = this.#broker(id);
    const isSafe = [...cluster.image.topics.values()].every(({ config }) => config.flush === "always");
    if (!isSafe || !broker.isAlive) return false;
    broker.losePowerSoon(operations, downMs);
    return true;
  }

  /** Ends the process that is to be started again and killed on its way. */
  #endNow({ broker: id, hasPowerLoss, downMs }: FaultOf<"killInStart" | "killWhileFenced">): boolean {
    const broker = this.#broker(id);
    if (!broker.isAlive) return false;
    if (!hasPowerLoss) return this.#kill([id], downMs);
    return this.#losing([id], "power", downMs, () => broker.losePower());
  }

  #pause(id: number, durationMs: number): boolean {
    const broker = this.#broker(id);
    if (!broker.isAlive || broker.isPaused) return false;
    broker.pause();
    this.#later(durationMs, () => broker.resume());
    return true;
  }

  #cut(links: readonly (readonly [string, string])[], durationMs: number): void {
    const { network } = this.#dependencies;
    for (const [from, to] of links) network.cut(from, to);
    this.#later(durationMs, () => {
      for (const [from, to] of links) network.link(from, to).heal();
    });
  }

  #allLinksOf(host: string): (readonly [string, string])[] {
    const { brokers, clientHosts } = this.#dependencies;
    const others = [...brokers.map(({ name }) => name), ...clientHosts, etcdHost].filter((name) => name !== host);
    return others.flatMap((other) => [[host, other] as const, [other, host] as const]);
  }

  #startLater(brokers: readonly number[], downMs: number): void {
    this.#later(downMs, () => {
      for (const id of brokers) this.#broker(id).start();
    });
  }

  #later(delayMs: number, action: () => void): void {
    this.#dependencies.scheduler.schedule(delayMs, () => this.#isHealing || action());
  }

  #broker(id: number): SimulatedBroker {
    return this.#dependencies.brokers[id - 1] as SimulatedBroker;
  }
}
