/**
 * Makes planned faults happen, and ends them: each after its time, and all of them when the run turns to healing.
 *
 * A fault that makes no sense when its time comes (a broker that is down is killed), or that would destroy more than the cluster
 * promises to survive, does not happen.
 */

import { producerIdsKey } from "@sluice/cluster";
import { assertNever } from "@sluice/model";
import type { SimulatedBroker } from "../brokers/simulated-broker.js";
import { etcdHost } from "../brokers/simulated-broker.js";
import { topicsOf } from "../ghost/image-topics.js";
import type { ObservedCluster } from "../ghost/observed-cluster.js";
import type { Scheduler } from "../kernel/scheduler.js";
import type { Trace } from "../kernel/trace.js";
import type { SimulatedNetwork } from "../network/simulated-network.js";
import type { EtcdBackup, SimulatedEtcd } from "../store/simulated-etcd.js";
import { type Loss, markLost, mayLose } from "./data-at-risk.js";
import { type Fault, type FaultType, faultText, type PlannedFault } from "./fault.js";
import { drawRottenBytes } from "./rotten-bytes.js";

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
  /** Has an operator adopt a restored store after that time. */
  readonly adoptStore: (afterMs: number) => void;
}

/**
 * What brokers have seen of a store can be forgotten with them: after a restore nothing else happens for so long, in milliseconds, or
 * until the first of them has noticed it.
 */
const noticeMsMax = 5000;
/** How long an operator waits who cannot restore the store now, in milliseconds. */
const restoreRetryMs = 100;

export class FaultInjector {
  readonly #dependencies: FaultInjectorDependencies;
  readonly #counts = new Map<FaultType, number>();
  #answerLoss = 0;
  #isHealing = false;
  #restoredAtMs = Number.NEGATIVE_INFINITY;
  /** A restored store has forgotten that producer ids were claimed, and would give them away a second time. */
  #hasForgottenClaims = false;

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
      broker.makeRoom();
      if (broker.hasBrokenDisk) broker.rescueDisk();
      if (broker.hasRottenDisk) broker.repairDisk();
      broker.resume();
      broker.start();
    }
  }

  #inject(fault: Fault): void {
    if (!this.#isHealing && !this.#isRestoreUnnoticed && this.#apply(fault)) this.#happened(fault);
  }

  #happened(fault: Fault): void {
    this.#counts.set(fault.type, (this.#counts.get(fault.type) ?? 0) + 1);
    this.#dependencies.trace.tell("fault", faultText(fault));
  }

  /** False: it makes no sense now, or happens later. */
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
      case "diskFull":
        this.#broker(fault.broker).fillDisk(fault.roomBytes);
        this.#later(fault.durationMs, () => this.#broker(fault.broker).makeRoom());
        return true;
      case "diskFailure":
        return this.#breakDisk(fault);
      case "bitRot":
        return this.#rot(fault);
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
        return this.#copyDisk(this.#broker(fault.broker));
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
      case "storeRestore": {
        const backup = etcd.backup();
        this.#later(fault.ageMs, () => this.#restoreStore(backup, fault));
        return false;
      }
      default:
        return assertNever(fault);
    }
  }

  get #isRestoreUnnoticed(): boolean {
    const { cluster, scheduler } = this.#dependencies;
    if ((cluster.isStoreTrusted && !this.#hasForgottenClaims) || cluster.image.history.isRestored) return false;
    return scheduler.nowMs < this.#restoredAtMs + noticeMsMax;
  }

  /**
   * As soon as every broker can notice it at once. One that is starting has nothing yet to compare with: it notices that an epoch is used
   * a second time, but not that producer ids are.
   */
  #restoreStore(backup: EtcdBackup, fault: FaultOf<"storeRestore">): void {
    const { brokers, cluster, etcd, scheduler, adoptStore } = this.#dependencies;
    const forgetsClaims = this.#hasForgottenClaims || claimsIn(backup) !== etcd.state.get(producerIdsKey)?.value;
    const canNotice = (broker: SimulatedBroker): boolean =>
      this.#reachesStore(broker) && (broker.isServing || !forgetsClaims);
    if (!etcd.hasQuorum || this.#isRestoreUnnoticed || !brokers.every(canNotice)) {
      this.#later(restoreRetryMs, () => this.#restoreStore(backup, fault));
      return;
    }
    this.#happened(fault);
    etcd.restore(backup);
    this.#hasForgottenClaims = forgetsClaims;
    cluster.storeRestored(etcd);
    this.#restoredAtMs = scheduler.nowMs;
    adoptStore(fault.adoptAfterMs);
  }

  #reachesStore({ name, isAlive, isPaused }: SimulatedBroker): boolean {
    const { network } = this.#dependencies;
    const isReached = !network.link(name, etcdHost).isCut && !network.link(etcdHost, name).isCut;
    return isAlive && !isPaused && isReached;
  }

  #losing(brokers: readonly number[], loss: Loss, downMs: number, end: (broker: SimulatedBroker) => void): boolean {
    const { cluster } = this.#dependencies;
    if (!this.#mayLose(brokers, loss)) return false;
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

  /** The disk is replaced after a while: by a copy where an empty one could cost records. */
  #breakDisk({ broker: id, operation, isCopied, durationMs, downMs }: FaultOf<"diskFailure">): boolean {
    const broker = this.#broker(id);
    if (broker.hasBrokenDisk) return false;
    broker.breakDisk(operation);
    this.#later(durationMs, () => {
      if (!broker.hasBrokenDisk) return;
      if (!isCopied && this.#losing([id], "disk", downMs, () => broker.loseDisk())) return;
      broker.rescueDisk();
      this.#startLater([id], downMs);
    });
    return true;
  }

  #rot({ broker: id, place, durationMs, downMs }: FaultOf<"bitRot">): boolean {
    const { cluster } = this.#dependencies;
    const broker = this.#broker(id);
    const rotten = drawRottenBytes(cluster, id, place);
    if (rotten === undefined || broker.hasRottenDisk || !this.#mayLose([id], "disk")) return false;
    broker.rotDisk(rotten);
    this.#later(durationMs, () => {
      if (!broker.hasRottenDisk || this.#losing([id], "disk", downMs, () => broker.loseDisk())) return;
      broker.repairDisk();
      this.#startLater([id], downMs);
    });
    return true;
  }

  /** What has rotten counts as lost as well. */
  #mayLose(ids: readonly number[], loss: Loss): boolean {
    const { cluster, brokers } = this.#dependencies;
    const rotten = brokers.filter(({ hasRottenDisk }) => hasRottenDisk).map(({ id }) => id);
    return mayLose(cluster, [...ids, ...rotten], loss);
  }

  /** When it happens is not known now: only where no topic could lose anything by it. */
  #losePowerInWrite(id: number, operations: number, downMs: number): boolean {
    const { cluster } = this.#dependencies;
    const broker = this.#broker(id);
    const isSafe = topicsOf(cluster.image).every(({ config }) => config.flush === "always");
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

  /** What has rotten is repaired on a disk, and would not be in a copy of it. */
  #copyDisk(broker: SimulatedBroker): boolean {
    if (broker.hasRottenDisk) return false;
    broker.rememberDisk();
    return true;
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

function claimsIn({ snapshot }: EtcdBackup): string | undefined {
  return snapshot.entries.find(({ key }) => key === producerIdsKey)?.value;
}
