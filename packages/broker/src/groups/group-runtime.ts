/**
 * Runs one group: events in, one at a time; effects out, in order. Nothing else mutates the group's state.
 *
 * Appends go out in the order of the decisions and come back as events; callers hold promises and sessions hold sinks, which are
 * answered by effects only. A runtime that is stopped answers everything that waits and is not used again: the state that
 * counts is in the log.
 *
 * While the disk is full, what would have to be written is refused before the group decides it, or put off: a decision that
 * cannot be written would end all sessions. Members that are in stay in, and go on reading.
 */

import {
  type AssignedPartition,
  type EventOf,
  type GroupEffect,
  type GroupEvent,
  type GroupOptions,
  type GroupRecord,
  GroupStateMachine,
  type TopicShapes,
} from "@sluice/groups";
import { assertNever, type Clock, SluiceError, type Timer, toSluiceError } from "@sluice/model";

/** One open session stream of a member. Exactly one call of `onEnded`, last. */
export interface SessionSink {
  onJoined(memberId: string, heartbeatIntervalMs: number): void;
  onAssignment(generation: number, partitions: readonly AssignedPartition[]): void;
  /** The session is over; undefined: the member left by itself. */
  onEnded(error: SluiceError | undefined): void;
}

export interface GroupRuntimeDependencies {
  readonly clock: Clock;
  /** Appends in the order of the calls; resolves when the records are committed. */
  append(records: readonly GroupRecord[]): Promise<unknown>;
  /** Why nothing can be appended for now; undefined: it can. */
  appendRefusal(): SluiceError | undefined;
  /** The state here can no longer be trusted: the log has to be read again. */
  onBroken(error: SluiceError): void;
  /** The topics of the newest image. */
  topics(): TopicShapes;
  /** The group uses this topic, and has to be told by `topicsChanged` when it changes. */
  onTopicUsed(topic: string): void;
  /** The group was idle for so long that it is forgotten, with so many committed offsets. */
  onExpired(expired: { readonly idleSinceMs: number; readonly offsets: number }): void;
  /** The group has become nothing: no members, no offsets, nothing on its way. */
  onGone(): void;
}

/** While the disk is full, how long until what is put off is tried again. */
const retryMs = 1000;

/** What a caller says of an event; the rest is the runtime's. */
type Asked<Type extends GroupEvent["type"]> = Omit<EventOf<Type>, "type" | "requestId" | "nowMs" | "committedAtMs">;

interface PendingRequest {
  resolve(): void;
  reject(error: SluiceError): void;
}

export class GroupRuntime {
  readonly group: string;
  readonly #dependencies: GroupRuntimeDependencies;
  readonly #machine: GroupStateMachine;
  readonly #requests = new Map<number, PendingRequest>();
  /** Sessions whose join is not answered yet, by request. */
  readonly #joining = new Map<number, SessionSink>();
  /** Open sessions by member. */
  readonly #sessions = new Map<string, SessionSink>();
  #events: GroupEvent[] = [];
  #isDraining = false;
  #nextRequestId = 1;
  #expiryTimer: { readonly timer: Timer; readonly dueMs: number } | undefined;
  /** What waits for room on the disk: of each kind, of each member, only the last. */
  readonly #putOff = new Map<string, () => GroupEvent>();
  #putOffTimer: Timer | undefined;
  #isStopped = false;

  constructor(
    options: { readonly group: string; readonly groupOptions: GroupOptions },
    dependencies: GroupRuntimeDependencies,
  ) {
    this.group = options.group;
    this.#dependencies = dependencies;
    this.#machine = new GroupStateMachine({ group: options.group, options: options.groupOptions });
  }

  /** Joins, commits and other changes that have no answer yet. */
  get pendingCount(): number {
    return this.#requests.size + this.#joining.size;
  }

  /** What is known of the group, as far as the log has it. Only for reading. */
  get view(): Pick<
    GroupStateMachine,
    "exists" | "state" | "membership" | "offsets" | "committedOffset" | "changeRefusal" | "idleSinceMs"
  > {
    return this.#machine;
  }

  /** Takes a record of the log, before anything else. @throws SluiceError CORRUPT_GROUP_RECORD */
  replay(record: GroupRecord): void {
    this.#machine.replay({ record, nowMs: this.#dependencies.clock.monotonicMs() });
  }

  /** Topics that the group uses came, went or grew. */
  topicsChanged(): void {
    this.#postWhenRoom("topics", () => {
      return { type: "topicsChanged", nowMs: this.#nowMs(), topics: this.#dependencies.topics() };
    });
  }

  /** Whether the group has no use for the topic any more. If it finds one again, it says so. */
  maybeDisuseTopic(topic: string): boolean {
    return this.#machine.maybeDisuseTopic(topic);
  }

  /** Joins a member, new or known; everything that follows is told to `sink`. */
  join(asked: Asked<"joinRequested">, sink: SessionSink): void {
    const refusal = this.#dependencies.appendRefusal();
    if (refusal !== undefined) {
      sink.onEnded(refusal);
      this.#afterEvents();
      return;
    }
    const requestId = this.#nextRequestId++;
    this.#joining.set(requestId, sink);
    this.#post({ type: "joinRequested", requestId, nowMs: this.#nowMs(), ...asked });
  }

  heartbeat(memberId: string): void {
    this.#post({ type: "heartbeatReceived", nowMs: this.#nowMs(), memberId });
  }

  acknowledge(asked: Asked<"assignmentAcknowledged">): void {
    this.#postWhenRoom(`acknowledgement of ${asked.memberId}`, () => {
      return { type: "assignmentAcknowledged", nowMs: this.#nowMs(), ...asked };
    });
  }

  /** The member wants these topics from now on. One that cannot have them is told so, and its session ends. */
  resubscribe(memberId: string, topics: readonly string[]): void {
    this.#postWhenRoom(`topics of ${memberId}`, () => {
      return { type: "resubscribeRequested", nowMs: this.#nowMs(), memberId, topics };
    });
  }

  leave(memberId: string): void {
    // Gone for the client; the group lets it go when its session is over and there is room.
    if (this.#dependencies.appendRefusal() !== undefined) this.#endSession(memberId, undefined);
    else this.#post({ type: "leaveRequested", ...this.#now(), memberId });
  }

  /** Forgets the group if nobody has been in it, and nothing was committed, for `retentionMs`. Not while nothing can be written. */
  checkIdle(retentionMs: number): void {
    if (this.#dependencies.appendRefusal() !== undefined) return;
    this.#post({ type: "idleChecked", ...this.#now(), retentionMs });
  }

  /** The stream of the session broke: nothing is told to the sink any more. The member stays until its session is over. */
  disconnect(sink: SessionSink): void {
    for (const [requestId, joining] of this.#joining) if (joining === sink) this.#joining.delete(requestId);
    for (const [memberId, session] of this.#sessions) if (session === sink) this.#sessions.delete(memberId);
  }

  /** @throws SluiceError what the group refuses it with; DISK_FULL; INDETERMINATE where nobody knows whether it is in the log */
  commit(asked: Asked<"commitRequested">): Promise<void> {
    const committedAtMs = this.#dependencies.clock.nowMs();
    return this.#request((request) => ({ type: "commitRequested", ...request, committedAtMs, ...asked }));
  }

  /** @throws as `commit` */
  reset(asked: Asked<"resetRequested">): Promise<void> {
    const committedAtMs = this.#dependencies.clock.nowMs();
    return this.#request((request) => ({ type: "resetRequested", ...request, committedAtMs, ...asked }));
  }

  /** @throws as `commit` */
  deleteOffsets(partitions: readonly AssignedPartition[]): Promise<void> {
    return this.#request((request) => ({ type: "deleteOffsetsRequested", ...request, partitions }));
  }

  /** @throws as `commit` */
  delete(): Promise<void> {
    return this.#request((request) => ({ type: "deleteRequested", ...request }));
  }

  /** Ends every session with `error`, and answers every caller that the outcome is open. */
  stop(error: SluiceError): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#events = [];
    this.#expiryTimer?.timer.cancel();
    this.#putOffTimer?.cancel();
    const operation = `A change of group '${this.group}'`;
    const indeterminate = new SluiceError("INDETERMINATE", { operation, reason: error.message }, { cause: error });
    for (const request of this.#requests.values()) request.reject(indeterminate);
    for (const sink of [...this.#joining.values(), ...this.#sessions.values()]) sink.onEnded(error);
    this.#requests.clear();
    this.#joining.clear();
    this.#sessions.clear();
  }

  #request(toEvent: (request: { requestId: number; nowMs: number }) => GroupEvent): Promise<void> {
    const refusal = this.#dependencies.appendRefusal();
    if (refusal !== undefined) {
      this.#afterEvents();
      return Promise.reject(refusal);
    }
    return new Promise((resolve, reject) => {
      const requestId = this.#nextRequestId++;
      this.#requests.set(requestId, { resolve, reject });
      this.#post(toEvent({ requestId, nowMs: this.#nowMs() }));
    });
  }

  /** Posts what may have to be written, or keeps it while nothing can be. */
  #postWhenRoom(key: string, toEvent: () => GroupEvent): void {
    if (this.#isStopped) return;
    this.#putOff.delete(key);
    this.#putOff.set(key, toEvent);
    this.#postPutOff();
  }

  #postPutOff(): void {
    const hasRoom = this.#dependencies.appendRefusal() === undefined;
    if (!hasRoom) {
      this.#putOffTimer ??= this.#dependencies.clock.setTimer(retryMs, () => {
        this.#putOffTimer = undefined;
        this.#postPutOff();
      });
      return;
    }
    const events = [...this.#putOff.values()];
    this.#putOff.clear();
    for (const toEvent of events) this.#post(toEvent());
  }

  #post(event: GroupEvent): void {
    if (this.#isStopped) return;
    this.#events.push(event);
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#machine.seeTopics(this.#dependencies.topics());
    try {
      // Effects may post more events, and may stop the runtime.
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const effect of this.#machine.step(next)) this.#run(effect);
      }
    } catch (error) {
      this.#dependencies.onBroken(toSluiceError(error));
    } finally {
      this.#isDraining = false;
    }
    this.#afterEvents();
  }

  #afterEvents(): void {
    if (this.#isStopped) return;
    for (const topic of this.#machine.takeNewlyUsedTopics()) this.#dependencies.onTopicUsed(topic);
    this.#armExpiryTimer();
    if (!this.#machine.exists && !this.#machine.isAppending) this.#dependencies.onGone();
  }

  #run(effect: GroupEffect): void {
    switch (effect.type) {
      case "appendRecords":
        this.#append(effect);
        break;
      case "acceptJoin":
        this.#acceptJoin(effect);
        break;
      case "sendAssignment":
        this.#sessions.get(effect.memberId)?.onAssignment(effect.generation, effect.partitions);
        break;
      case "endSession":
        this.#endSession(effect.memberId, effect.error);
        break;
      case "acceptRequest":
        this.#takeRequest(effect.requestId)?.resolve();
        break;
      case "rejectRequest":
        this.#reject(effect.requestId, effect.error);
        break;
      case "groupExpired":
        this.#dependencies.onExpired(effect);
        break;
      default:
        assertNever(effect);
    }
  }

  #endSession(memberId: string, error: SluiceError | undefined): void {
    const sink = this.#sessions.get(memberId);
    this.#sessions.delete(memberId);
    sink?.onEnded(error);
  }

  #append({ appendId, records }: Extract<GroupEffect, { readonly type: "appendRecords" }>): void {
    this.#dependencies.append(records).then(
      () => this.#post({ type: "recordsAppended", appendId, nowMs: this.#nowMs() }),
      (error: unknown) => {
        const failure = toSluiceError(error);
        this.#post({ type: "appendFailed", appendId, reason: failure.message });
        if (!this.#isStopped) this.#dependencies.onBroken(failure);
      },
    );
  }

  #acceptJoin(effect: Extract<GroupEffect, { readonly type: "acceptJoin" }>): void {
    const sink = this.#joining.get(effect.requestId);
    this.#joining.delete(effect.requestId);
    // The stream broke while the join was on its way: the member is in, and may come back until its session is over.
    if (sink === undefined) return;
    const replaced = this.#sessions.get(effect.memberId);
    this.#sessions.set(effect.memberId, sink);
    replaced?.onEnded(new SluiceError("CLOSED", { subject: "The session, which was opened anew elsewhere," }));
    sink.onJoined(effect.memberId, effect.heartbeatIntervalMs);
  }

  #reject(requestId: number, error: SluiceError): void {
    const sink = this.#joining.get(requestId);
    this.#joining.delete(requestId);
    sink?.onEnded(error);
    this.#takeRequest(requestId)?.reject(error);
  }

  #takeRequest(requestId: number): PendingRequest | undefined {
    const request = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    return request;
  }

  /** Sets the timer for the next session that may end. One that is due earlier stays: it finds out then, and is set again. */
  #armExpiryTimer(): void {
    const dueMs = this.#machine.nextExpiryMs;
    if (dueMs === undefined) {
      this.#expiryTimer?.timer.cancel();
      this.#expiryTimer = undefined;
      return;
    }
    if (this.#expiryTimer !== undefined && this.#expiryTimer.dueMs <= dueMs) return;
    this.#expiryTimer?.timer.cancel();
    this.#setExpiryTimer(dueMs, Math.max(0, dueMs - this.#nowMs()));
  }

  #setExpiryTimer(dueMs: number, delayMs: number): void {
    const timer = this.#dependencies.clock.setTimer(delayMs, () => {
      if (this.#dependencies.appendRefusal() !== undefined) {
        this.#setExpiryTimer(dueMs, retryMs);
        return;
      }
      this.#expiryTimer = undefined;
      this.#post({ type: "timePassed", ...this.#now() });
    });
    this.#expiryTimer = { timer, dueMs };
  }

  #now(): { readonly nowMs: number; readonly wallMs: number } {
    return { nowMs: this.#nowMs(), wallMs: this.#dependencies.clock.nowMs() };
  }

  #nowMs(): number {
    return this.#dependencies.clock.monotonicMs();
  }
}
