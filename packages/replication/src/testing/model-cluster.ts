/**
 * A partition on three brokers, with everything around it under the control of a test: streams between brokers, disks, the cluster
 * store, time. Nothing happens by itself; every method is one thing that may happen next in a real cluster, in any order.
 *
 * It watches what must hold at every moment (`CommittedHistory`), and says in `lines` what was done and which effects it had.
 */

import { offset, SluiceError } from "@sluice/model";
import type { PartitionEffect } from "../partition-effect.js";
import { CommittedHistory } from "./committed-history.js";
import { ModelBroker } from "./model-broker.js";
import type { DownMessage, UpMessage } from "./model-messages.js";
import { ModelStore } from "./model-store.js";
import { messageText } from "./transcript.js";

export interface ModelClusterOptions {
  /** The least that it ever is. */
  readonly inSyncReplicasMin: number;
  /** flush=always: a power loss takes nothing that counts. Otherwise it loses what is not flushed. */
  readonly isFlushedAlways: boolean;
}

export const brokerIds = [1, 2, 3] as const;

const lagCheckIntervalMs = 500;

/** Both directions of a follower's stream to a leader; gone where it is broken. */
interface Stream {
  readonly up: UpMessage[];
  readonly down: DownMessage[];
}

/** What a reader of a transcript would not miss. */
const untold: readonly PartitionEffect["type"][] = ["appendToLog", "appendReplicated", "dropReplicated", "sendRecords"];

export class ModelCluster {
  readonly store: ModelStore;
  readonly history = new CommittedHistory();
  readonly lines: string[] = [];
  /** How often each effect was run. */
  readonly effectCounts = new Map<PartitionEffect["type"], number>();
  readonly isFlushedAlways: boolean;
  readonly inSyncReplicasMin: number;
  readonly #brokers: readonly ModelBroker[];
  readonly #streams = new Map<string, Stream>();
  /** Replicas that lost records and are not in sync again. */
  readonly #lossy = new Set<number>();
  /** Of those, the ones whose loss nobody has noticed: they do not run. */
  readonly #unnoticed = new Set<number>();
  #nowMs = 0;
  #nextValue = 1;

  constructor(options: ModelClusterOptions) {
    this.store = new ModelStore(options.inSyncReplicasMin);
    this.isFlushedAlways = options.isFlushedAlways;
    this.inSyncReplicasMin = options.inSyncReplicasMin;
    this.#brokers = brokerIds.map((id) => this.#newBroker(id));
    for (const id of brokerIds) this.start(id);
    for (const follower of brokerIds) for (const leader of brokerIds) this.connect(follower, leader);
    this.lines.length = 0;
  }

  broker(id: number): ModelBroker {
    return this.#brokers[id - 1] as ModelBroker;
  }

  /** @throws Error when a replica that may be elected lacks something that is committed */
  assertSafe(): void {
    const { inSyncReplicas, eligibleLeaderReplicas } = this.store.partition;
    for (const id of [...inSyncReplicas, ...eligibleLeaderReplicas]) {
      if (this.#unnoticed.has(id)) continue;
      const { log, survivingOffset } = this.broker(id);
      this.history.assertComplete(`broker ${id}`, log, survivingOffset);
    }
  }

  // Brokers.

  start(id: number): void {
    const broker = this.broker(id);
    if (broker.isRunning) return;
    const brokerEpoch = this.store.register(id);
    if (this.#unnoticed.delete(id)) this.store.exclude(id);
    broker.start(brokerEpoch, this.store.partition);
  }

  /** The process ends; its registration does not yet. */
  kill(id: number): void {
    this.#end(id, false);
  }

  /** Its machine loses power: what it has not flushed is gone, and where more than that counted, it knows when it starts. */
  losePower(id: number): void {
    this.#end(id, true);
    if (!this.isFlushedAlways) this.#loses(id);
  }

  /** Its disk is replaced by an empty one. */
  loseDisk(id: number): void {
    this.#end(id, true);
    this.broker(id).log.restart(0);
    this.broker(id).checkpointedOffset = offset(0);
    this.#loses(id);
  }

  /** Whether one more replica may lose records: at most one fewer than are in sync when something is committed. */
  get mayLoseMore(): boolean {
    for (const id of this.#lossy) {
      const isBack = this.store.partition.inSyncReplicas.includes(id) && !this.#unnoticed.has(id);
      if (isBack) this.#lossy.delete(id);
    }
    return this.#lossy.size + 1 < this.inSyncReplicasMin;
  }

  /** The lease of a broker runs out, whether it lives or not. */
  expire(id: number): void {
    if (!this.broker(id).isRunning) this.store.registrations.delete(id);
  }

  checkpoint(id: number): void {
    const broker = this.broker(id);
    const { highWatermark } = broker.machine;
    if (broker.isRunning && highWatermark !== undefined) broker.checkpointedOffset = highWatermark;
  }

  // Clients and disks.

  /** Returns the value of the record. */
  produce(id: number, isAcksAll = true): number {
    const value = this.#nextValue++;
    if (this.broker(id).isRunning) this.broker(id).produce(value, isAcksAll);
    return value;
  }

  write(id: number, count = Number.POSITIVE_INFINITY): void {
    if (this.broker(id).isRunning) this.broker(id).write(count);
  }

  flush(id: number, count = Number.POSITIVE_INFINITY): void {
    if (this.broker(id).isRunning) this.broker(id).flush(count);
  }

  fillDisk(id: number): void {
    if (this.broker(id).isRunning) this.broker(id).takeBack(new SluiceError("DISK_FULL", { path: "/data" }));
  }

  settleLog(id: number): void {
    if (this.broker(id).isRunning) this.broker(id).settleLog();
  }

  deleteBefore(id: number, logStartOffset: number): void {
    if (this.broker(id).isRunning) this.broker(id).deleteBefore(logStartOffset);
  }

  // Streams.

  connect(follower: number, leader: number): void {
    const areRunning = this.broker(follower).isRunning && this.broker(leader).isRunning;
    if (follower === leader || !areRunning || this.#streams.has(streamName(follower, leader))) return;
    this.#streams.set(streamName(follower, leader), { up: [], down: [] });
    this.broker(follower).post({ type: "leaderConnected", leader });
  }

  /** The stream breaks, and what is under way in it is lost. */
  disconnect(follower: number, leader: number): void {
    if (this.#streams.delete(streamName(follower, leader))) this.broker(leader).senderClosed(follower);
  }

  /** The leader puts records, or only marks, into the stream. */
  send(leader: number, follower: number, recordsMax = Number.POSITIVE_INFINITY): void {
    if (this.broker(leader).isRunning) this.broker(leader).send(follower, recordsMax);
  }

  /** The next message of a follower arrives. False: there was none. */
  deliverUp(follower: number, leader: number): boolean {
    const message = this.#streams.get(streamName(follower, leader))?.up.shift();
    if (message !== undefined) this.broker(leader).receiveUp(follower, message);
    return message !== undefined;
  }

  /** The next message of a leader arrives. False: there was none. */
  deliverDown(leader: number, follower: number): boolean {
    const message = this.#streams.get(streamName(follower, leader))?.down.shift();
    if (message !== undefined) this.broker(follower).receiveDown(leader, message);
    return message !== undefined;
  }

  // The store.

  /** A broker hears of the next version of the partition, or of the newest. */
  watch(id: number, isNewest = true): void {
    const broker = this.broker(id);
    const next = this.store.history.find(({ version }) => version > broker.heardVersion);
    const heard = isNewest ? this.store.partition : next;
    if (broker.isRunning && heard !== undefined) broker.hear(heard);
  }

  /** The store looks at the oldest or another request that it has not looked at. */
  decide(which = 0): void {
    const open = this.store.requests.filter(({ outcome }) => outcome === undefined);
    const request = open[which % open.length];
    if (request !== undefined) this.store.decide(request);
  }

  /** A leader hears what became of its request. */
  answer(which = 0): void {
    const decided = this.store.requests.filter(({ outcome }) => outcome !== undefined);
    const request = decided[which % decided.length];
    if (request?.outcome === undefined) return;
    this.store.requests.splice(this.store.requests.indexOf(request), 1);
    const { leaderEpoch, version } = request.change;
    const broker = this.broker(request.broker);
    if (broker.brokerEpoch !== request.brokerEpoch) return;
    if (request.outcome === "refused") broker.post({ type: "replicaSetsRefused", leaderEpoch, version });
    else broker.post({ type: "replicaSetsTaken", leaderEpoch, replicaSets: request.outcome });
  }

  /** One of those that may be elected is elected, whether that was needed or not. */
  elect(which = 0): void {
    const { candidates } = this.store;
    const elected = candidates[which % candidates.length];
    if (elected !== undefined) this.store.elect(elected, false);
    else if (this.store.partition.leader !== undefined) this.store.depose();
  }

  setMin(inSyncReplicasMin: number): void {
    this.store.inSyncReplicasMin = inSyncReplicasMin;
  }

  tellMin(id: number): void {
    const { inSyncReplicasMin } = this.store;
    this.broker(id).post({ type: "inSyncReplicasMinChanged", inSyncReplicasMin });
  }

  // Time.

  passTime(ms: number): void {
    for (const untilMs = this.#nowMs + ms; this.#nowMs < untilMs; ) {
      this.#nowMs = Math.min(this.#nowMs + lagCheckIntervalMs, untilMs);
      for (const broker of this.#brokers) broker.post({ type: "lagChecked", nowMs: this.#nowMs });
    }
  }

  /** Somebody tells the leader, rightly or not, that the present life of that broker is over. */
  tellGone(leader: number, id: number): void {
    const brokerEpoch = this.store.registrations.get(id);
    if (brokerEpoch !== undefined) this.broker(leader).post({ type: "replicaGone", replica: id, brokerEpoch });
  }

  startHandover(leader: number, candidate: number): void {
    this.broker(leader).post({ type: "handoverStarted", candidate });
  }

  endHandover(leader: number): void {
    this.broker(leader).post({ type: "handoverEnded" });
  }

  #newBroker(id: number): ModelBroker {
    const options = { id, isFlushedAlways: this.isFlushedAlways };
    return new ModelBroker(options, {
      nowMs: () => this.#nowMs,
      inSyncReplicasMin: () => this.store.inSyncReplicasMin,
      sendUp: (leader, message) => void this.#streams.get(streamName(id, leader))?.up.push(message),
      sendDown: (follower, message) => void this.#streams.get(streamName(follower, id))?.down.push(message),
      isConnectedTo: (leader) => this.#streams.has(streamName(id, leader)),
      changeReplicaSets: (change) => {
        const brokerEpoch = this.broker(id).brokerEpoch as number;
        this.store.requests.push({ broker: id, brokerEpoch, change, outcome: undefined });
      },
      onHandoverReady: ({ candidate, leaderEpoch }) => {
        const isCurrent = this.store.partition.leaderEpoch === leaderEpoch;
        const isCandidate = this.store.partition.inSyncReplicas.includes(candidate);
        if (isCurrent && isCandidate && this.store.registrations.has(candidate)) this.store.elect(candidate, true);
      },
      onAcknowledged: (value, at) => this.history.acknowledged(value, at),
      onCommitted: (highWatermark) => this.history.committed(`broker ${id}`, this.broker(id).log, highWatermark),
      onEffect: (effect) => this.#note(id, effect),
    });
  }

  #end(id: number, isPowerLoss: boolean): void {
    this.broker(id).kill(isPowerLoss);
    for (const other of brokerIds) {
      this.disconnect(id, other);
      this.disconnect(other, id);
    }
  }

  #loses(id: number): void {
    this.#lossy.add(id);
    this.#unnoticed.add(id);
  }

  #note(id: number, effect: PartitionEffect): void {
    this.effectCounts.set(effect.type, (this.effectCounts.get(effect.type) ?? 0) + 1);
    if (!untold.includes(effect.type)) this.lines.push(`    ${id}: ${messageText(effect)}`);
  }
}

function streamName(follower: number, leader: number): string {
  return `${follower} follows ${leader}`;
}
