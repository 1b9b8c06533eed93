/**
 * One broker of a test with one partition: a state machine, a log, and what runs the effects of the one on the other.
 *
 * It does by itself only what follows at once from an effect. What takes time (writing, flushing, cutting the log, sending, hearing
 * of the store) waits until `ModelCluster` says so.
 */

import { invariant, type Offset, offset, type SluiceError, type TopicName } from "@sluice/model";
import type { PartitionEffect } from "../partition-effect.js";
import type { PartitionEvent } from "../partition-event.js";
import { PartitionStateMachine } from "../partition-state-machine.js";
import { ModelFollowers } from "./model-followers.js";
import { ModelLog, type ModelRecord } from "./model-log.js";
import type { DownMessage, UpMessage } from "./model-messages.js";
import type { ModelPartition } from "./model-store.js";

type EffectOf<Type extends PartitionEffect["type"]> = Extract<PartitionEffect, { readonly type: Type }>;

export interface ModelBrokerOptions {
  readonly id: number;
  readonly isFlushedAlways: boolean;
}

export interface ModelBrokerDependencies {
  nowMs(): number;
  inSyncReplicasMin(): number;
  /** For messages of other brokers: nothing happens where there is no stream. */
  sendUp(leader: number, message: UpMessage): void;
  sendDown(follower: number, message: DownMessage): void;
  isConnectedTo(leader: number): boolean;
  changeReplicaSets(effect: EffectOf<"changeReplicaSets">): void;
  onHandoverReady(effect: EffectOf<"handoverReady">): void;
  /** The record of that value is acknowledged, with acks=all. */
  onAcknowledged(value: number, at: number): void;
  onCommitted(highWatermark: Offset): void;
  onEffect(effect: PartitionEffect): void;
}

export class ModelBroker {
  readonly id: number;
  readonly log = new ModelLog();
  readonly #isFlushedAlways: boolean;
  readonly #dependencies: ModelBrokerDependencies;
  /** Of the present life. Undefined: it does not run. */
  brokerEpoch: number | undefined;
  /** Lower bound of the high watermark that a restart finds. */
  checkpointedOffset = offset(0);
  /** Cutting the log, or beginning it again: under way. */
  logWork: EffectOf<"truncateLog"> | EffectOf<"restartLog"> | undefined;
  /** Version of the partition that it has heard of. */
  heardVersion = 0;
  #machine: PartitionStateMachine;
  #heardEpoch = -1;
  /** Highest that it has known. */
  #highWatermark = offset(0);
  readonly #followers: ModelFollowers;
  readonly #receipts = new Map<number, readonly ModelRecord[]>();
  readonly #produced = new Map<number, { readonly value: number; readonly isAcksAll: boolean }>();
  #nextId = 1;
  #queue: PartitionEvent[] = [];
  #isDraining = false;

  constructor(options: ModelBrokerOptions, dependencies: ModelBrokerDependencies) {
    this.id = options.id;
    this.#isFlushedAlways = options.isFlushedAlways;
    this.#dependencies = dependencies;
    this.#machine = this.#newMachine();
    this.#followers = new ModelFollowers(options, {
      log: this.log,
      machine: () => this.#machine,
      post: (event) => this.post(event),
      sendDown: (follower, message) => dependencies.sendDown(follower, message),
    });
  }

  get isRunning(): boolean {
    return this.brokerEpoch !== undefined;
  }

  get machine(): PartitionStateMachine {
    return this.#machine;
  }

  /** Up to where the log outlives what it is built to outlive. */
  get survivingOffset(): Offset {
    return this.#isFlushedAlways ? this.log.flushedOffset : this.log.writtenOffset;
  }

  /** A new process: its log is what the one before left. */
  start(brokerEpoch: number, partition: ModelPartition): void {
    this.brokerEpoch = brokerEpoch;
    this.#machine = this.#newMachine();
    this.#heardEpoch = -1;
    this.heardVersion = 0;
    this.#highWatermark = this.checkpointedOffset;
    this.hear(partition);
  }

  /** The process ends. What is not written is lost, and in a power loss what is not flushed. */
  kill(isPowerLoss: boolean): void {
    this.brokerEpoch = undefined;
    this.#queue = [];
    this.#finishLogWork();
    this.log.truncate(isPowerLoss ? this.log.flushedOffset : this.log.writtenOffset);
    this.#receipts.clear();
    this.#followers.clear();
    this.#produced.clear();
  }

  /** Another version of the partition. An older one than it knows changes nothing. */
  hear(partition: ModelPartition): void {
    if (partition.version <= this.heardVersion) return;
    this.heardVersion = partition.version;
    if (partition.leaderEpoch > this.#heardEpoch) this.#changeRole(partition);
    else this.post({ type: "replicaSetsChanged", leaderEpoch: partition.leaderEpoch, replicaSets: partition });
  }

  produce(value: number, isAcksAll: boolean): void {
    const requestId = this.#nextId++;
    this.#produced.set(requestId, { value, isAcksAll });
    this.post({ type: "appendRequested", requestId, acks: isAcksAll ? "all" : "leader", clientEpoch: undefined });
  }

  write(count: number): void {
    this.log.write(count);
    this.#tellAdvanced();
  }

  flush(count: number): void {
    this.log.flush(count);
    this.#tellAdvanced();
  }

  /** The disk is full: what is placed and not written is taken back. */
  takeBack(error: SluiceError): void {
    if (this.logWork !== undefined || this.log.writtenOffset === this.log.endOffset) return;
    this.log.takeBackUnwritten();
    const { leaderEpoch } = this.#machine;
    if (leaderEpoch === undefined) this.#tellSettled();
    else this.post({ type: "appendsTakenBack", leaderEpoch, fromOffset: this.log.endOffset, error });
  }

  settleLog(): void {
    const work = this.logWork;
    if (work === undefined) return;
    this.#finishLogWork();
    this.#tellSettled(work.leaderEpoch);
  }

  /** Deletes what lies below, at most what is committed. */
  deleteBefore(logStartOffset: number): void {
    if (!this.#machine.isLeader) return;
    this.log.deleteBefore(Math.min(logStartOffset, this.#machine.highWatermark ?? 0));
    this.post({ type: "logStartMoved", logStartOffset: this.log.logStartOffset });
  }

  /** Sends a follower so many of the records that it has not been sent, or only marks where there are none. */
  send(replica: number, recordsMax: number): void {
    this.#followers.send(replica, recordsMax);
  }

  senderClosed(replica: number): void {
    this.#followers.closed(replica);
  }

  receiveUp(replica: number, message: UpMessage): void {
    if (message.type === "epoch") this.post({ type: "epochHeard", leaderEpoch: message.leaderEpoch });
    else this.#followers.receive(replica, message);
  }

  receiveDown(leader: number, message: DownMessage): void {
    const { leaderEpoch } = message;
    if (message.type === "records") this.#receiveRecords(leader, message);
    else if (message.type === "diverged") {
      const { epochEnd } = message;
      const ownEnd = this.log.epochEnd(epochEnd.epoch);
      this.post({ type: "leaderDiverged", leader, leaderEpoch: message.leaderEpoch, epochEnd, ownEnd });
    } else {
      const { error, copyStartOffset } = message;
      this.post({ type: "leaderRefused", leader, leaderEpoch, error, copyStartOffset });
    }
  }

  /** Takes an event, and those that its effects lead to. */
  post(event: PartitionEvent): void {
    if (!this.isRunning) return;
    this.#queue.push(event);
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      for (const effect of this.#machine.step(next)) this.#run(effect);
    }
    this.#isDraining = false;
  }

  #newMachine(): PartitionStateMachine {
    return new PartitionStateMachine({ topic: "flights" as TopicName, partition: 0, broker: this.id });
  }

  #changeRole(partition: ModelPartition): void {
    this.#heardEpoch = partition.leaderEpoch;
    // Nothing of the log is being written while its role changes.
    this.#finishLogWork();
    this.log.write(Number.POSITIVE_INFINITY);
    if (this.#isFlushedAlways) this.log.flush();
    this.#followers.stopSending();
    this.#receipts.clear();
    this.post(this.#roleOf(partition));
    if (partition.leader !== undefined && this.#dependencies.isConnectedTo(partition.leader)) {
      this.post({ type: "leaderConnected", leader: partition.leader });
    }
    this.#followers.takeHeld();
  }

  #roleOf(partition: ModelPartition): PartitionEvent {
    const { leader, leaderEpoch } = partition;
    const { logStartOffset, endOffset: logEndOffset, lastEpoch } = this.log;
    const own = { logStartOffset, logEndOffset, ackedOffset: this.survivingOffset, highWatermark: this.#highWatermark };
    if (leader === this.id && partition.leaderBrokerEpoch === this.brokerEpoch) {
      const inSyncReplicasMin = this.#dependencies.inSyncReplicasMin();
      const nowMs = this.#dependencies.nowMs();
      const terms = { replicaSets: partition, inSyncReplicasMin, replicaLagMsMax: 10_000, nowMs };
      return { type: "becomeLeader", leaderEpoch, ...terms, ...own };
    }
    if (leader === undefined || leader === this.id) return { type: "resign", leaderEpoch, leader: undefined };
    return { type: "becomeFollower", leaderEpoch, leader, lastEpoch, uncleanEpoch: undefined, ...own };
  }

  #finishLogWork(): void {
    if (this.logWork?.type === "truncateLog") this.log.truncate(this.logWork.endOffset);
    else if (this.logWork?.type === "restartLog") this.log.restart(this.logWork.logStartOffset);
    this.logWork = undefined;
  }

  #receiveRecords(leader: number, message: Extract<DownMessage, { type: "records" }>): void {
    const { records, fetchOffset, leaderEpoch, highWatermark, logStartOffset } = message;
    const receiptId = this.#nextId++;
    this.#receipts.set(receiptId, records);
    const [first, last] = [records[0], records.at(-1)];
    this.post({
      type: "leaderRecordsReceived",
      receiptId,
      leader,
      leaderEpoch,
      fetchOffset,
      nextOffset: offset(fetchOffset + records.length),
      epochs: first && last && { first: first.epoch, last: last.epoch },
      highWatermark,
      logStartOffset,
    });
  }

  #tellAdvanced(): void {
    const leaderEpoch = this.#machine.roleEpoch;
    if (leaderEpoch === undefined || this.logWork !== undefined) return;
    this.post({
      type: "logAdvanced",
      leaderEpoch,
      logEndOffset: this.log.writtenOffset,
      ackedOffset: this.survivingOffset,
    });
  }

  #tellSettled(leaderEpoch = this.#machine.roleEpoch): void {
    if (leaderEpoch === undefined) return;
    const { logStartOffset, endOffset: logEndOffset, lastEpoch } = this.log;
    const ackedOffset = this.survivingOffset;
    this.post({ type: "logSettled", leaderEpoch, logStartOffset, logEndOffset, lastEpoch, ackedOffset });
  }

  #run(effect: PartitionEffect): void {
    this.#dependencies.onEffect(effect);
    switch (effect.type) {
      case "appendToLog":
        this.#appendToLog(effect);
        break;
      case "acknowledgeProduce":
        this.#acknowledge(effect);
        break;
      case "rejectProduce":
        this.#produced.delete(effect.requestId);
        break;
      case "highWatermarkAdvanced":
        this.#highWatermark = effect.highWatermark;
        this.#dependencies.onCommitted(effect.highWatermark);
        break;
      case "changeReplicaSets":
        this.#dependencies.changeReplicaSets(effect);
        break;
      case "handoverReady":
        this.#dependencies.onHandoverReady(effect);
        break;
      // The cluster tells every broker in the end.
      case "readPartition":
        break;
      default:
        this.#runOfReplication(effect);
    }
  }

  #runOfReplication(effect: PartitionEffect): void {
    switch (effect.type) {
      case "sendRecords":
      case "sendDivergence":
      case "refuseReplica":
      case "holdReplica":
        this.#followers.run(effect);
        break;
      case "announceEpoch":
        this.#dependencies.sendUp(effect.broker, { type: "epoch", leaderEpoch: effect.leaderEpoch });
        break;
      case "fetchFromLeader":
        this.#fetchFromLeader(effect);
        break;
      case "appendReplicated":
        this.log.place(this.#receipts.get(effect.receiptId) ?? []);
        break;
      case "dropReplicated":
        invariant(effect.reason === undefined, `broker ${this.id} was sent what cannot be: ${effect.reason}`);
        break;
      case "truncateLog":
      case "restartLog":
        this.logWork = effect;
        break;
      case "deleteRecordsBefore":
        this.log.deleteBefore(effect.logStartOffset);
        this.post({ type: "logStartMoved", logStartOffset: this.log.logStartOffset });
        break;
      default:
        throw new Error(`broker ${this.id} cannot go on: ${effect.type}`);
    }
  }

  #appendToLog({ requestId, leaderEpoch }: EffectOf<"appendToLog">): void {
    const baseOffset = this.log.endOffset;
    this.log.place([{ epoch: leaderEpoch, value: this.#produced.get(requestId)?.value ?? 0 }]);
    const endOffset = this.log.endOffset;
    this.post({ type: "appendPlaced", requestId, baseOffset, endOffset, sizeBytes: 100 });
  }

  #acknowledge({ requestId, baseOffset }: EffectOf<"acknowledgeProduce">): void {
    const produced = this.#produced.get(requestId);
    this.#produced.delete(requestId);
    if (produced?.isAcksAll) this.#dependencies.onAcknowledged(produced.value, baseOffset);
  }

  #fetchFromLeader(effect: EffectOf<"fetchFromLeader">): void {
    const { leader, leaderEpoch, fetchOffset, lastFetchedEpoch, isRestart, isFull = false } = effect;
    invariant(!isRestart || fetchOffset === this.log.endOffset, `broker ${this.id} asks while it is writing`);
    invariant(fetchOffset === this.log.writtenOffset, `broker ${this.id} tells of what it has not written`);
    const brokerEpoch = this.brokerEpoch as number;
    const { flushedOffset } = this.log;
    const position = { leaderEpoch, fetchOffset, lastFetchedEpoch, flushedOffset, isRestart, isFull };
    this.#dependencies.sendUp(leader, { type: "position", brokerEpoch, ...position });
  }
}
