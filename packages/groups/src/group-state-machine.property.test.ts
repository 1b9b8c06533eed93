/**
 * Random members with random delays against the machine. A member works on a partition from the moment it takes an assignment with
 * it until it takes one without it; the log answers late; coordinators are replaced, with any part of what was on its way in
 * the log. What must hold is checked from outside, on what members do and readers see.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { partitionId } from "./assigned-partition.js";
import type { GroupEffect } from "./group-effect.js";
import type { AssignedPartition, GroupEvent } from "./group-event.js";
import type { GroupRecord } from "./group-record.js";
import { GroupStateMachine } from "./group-state-machine.js";

const options = {
  sessionTimeoutMsMin: 1,
  sessionTimeoutMsMax: 60_000,
  rebalanceTimeoutMsMin: 1,
  rebalanceTimeoutMsMax: 60_000,
  membersMax: 100,
  subscriptionLengthMax: 10_000,
};
const retentionMs = 80;

type Command =
  | { do: "join"; topics: string[]; assignor: "uniform" | "sticky" }
  | { do: "rejoin" | "take" | "acknowledge" | "heartbeat" | "leave"; member: number }
  | { do: "resubscribe"; member: number; topics: string[] }
  | { do: "commit"; member: number; partition: number; isOwn: boolean; generationShift: number }
  | { do: "logAnswers" | "reset" | "delete" | "deleteOffsets" | "commitOutside" | "checkIdle" }
  | { do: "failOver"; landed: number }
  | { do: "wait"; ms: number; isHeard: boolean }
  | { do: "topics"; a: number; b: number; id: number };

const member = fc.nat(20);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("join" as const),
      topics: fc.subarray(["a", "b"], { minLength: 1 }),
      assignor: fc.constantFrom("uniform" as const, "sticky" as const),
    }),
  },
  { weight: 9, arbitrary: fc.record({ do: fc.constantFrom("take" as const, "acknowledge" as const), member }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("rejoin" as const, "heartbeat" as const, "leave" as const), member }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("commit" as const),
      member,
      partition: fc.nat(4),
      isOwn: fc.boolean(),
      generationShift: fc.constantFrom(0, 0, 0, -1, 1),
    }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant("logAnswers" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "reset" as const,
        "delete" as const,
        "deleteOffsets" as const,
        "commitOutside" as const,
        "checkIdle" as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("failOver" as const), landed: fc.nat(4) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("resubscribe" as const), member, topics: fc.subarray(["a", "b"]) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.integer({ min: 1, max: 60 }),
      isHeard: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("topics" as const), a: fc.nat(5), b: fc.nat(2), id: fc.nat(1) }),
  },
);

interface Worker {
  readonly memberId: string;
  topics: string[];
  isJoined: boolean;
  /** Its stream broke with its coordinator: it works on, and comes back. */
  isAway: boolean;
  /** Assignments on their way down the present stream. */
  inbox: { generation: number; partitions: readonly AssignedPartition[] }[];
  generation: number;
  working: readonly AssignedPartition[];
  owesAcknowledgement: boolean;
}

/** Something that the worker works on, or anything. */
function partitionOf(worker: Worker, { isOwn, partition }: Extract<Command, { do: "commit" }>): AssignedPartition {
  const own = isOwn ? worker.working[partition % Math.max(1, worker.working.length)] : undefined;
  return own ?? { topic: "a", partition };
}

class World {
  machine = new GroupStateMachine({ group: "g", options });
  readonly workers: Worker[] = [];
  readonly log: GroupRecord[] = [];
  /** Appends that the log has not answered, oldest first. */
  unanswered: { appendId: number; records: readonly GroupRecord[] }[] = [];
  /** Requests that were not refused. */
  readonly taken = new Set<number>();
  nowMs = 0;
  requestId = 0;
  topics = new Map([["a", { topicId: "a0", partitions: 3 }]]);
  /** What readers saw last, by partition. It may go back where something other than a member's commit was asked for. */
  readonly seen = new Map<string, number>();
  mayGoBack = false;
  /** A topic was made again under its name: commits for the earlier one are refused until it is let go of. */
  isReplaced = false;

  post(event: GroupEvent): void {
    const isTold = event.type === "recordsAppended";
    for (const effect of this.machine.step(event)) this.run(effect, isTold);
    this.checkOwners();
    this.checkOffsets();
  }

  /** Offsets that members commit here only grow, so what is shown never goes back or away by itself. */
  checkOffsets(): void {
    const shown = new Map(this.machine.offsets.map((offset) => [partitionId(offset), offset.offset]));
    if (!this.mayGoBack)
      for (const [id, offset] of this.seen) expect(shown.get(id) ?? -1).toBeGreaterThanOrEqual(offset);
    if (this.unanswered.length === 0) this.mayGoBack = false;
    this.seen.clear();
    for (const [id, offset] of shown) this.seen.set(id, offset);
  }

  run(effect: GroupEffect, isTold: boolean): void {
    switch (effect.type) {
      case "appendRecords":
        this.unanswered.push(effect);
        return;
      case "acceptJoin": {
        expect(isTold).toBe(true);
        const worker = this.worker(effect.memberId);
        if (worker !== undefined) worker.isJoined = true;
        return;
      }
      case "sendAssignment": {
        expect(isTold).toBe(true);
        const worker = this.worker(effect.memberId);
        if (worker?.isAway === false) worker.inbox.push(effect);
        return;
      }
      case "endSession":
        this.remove(effect.memberId);
        return;
      case "acceptRequest":
        // Where nothing had to be changed, it is so already.
        expect(isTold || this.unanswered.length === 0).toBe(true);
        return;
      case "rejectRequest":
        this.taken.delete(effect.requestId);
        return;
      case "groupExpired":
        expect(isTold).toBe(true);
        expect(this.nowMs - effect.idleSinceMs).toBeGreaterThanOrEqual(retentionMs);
    }
  }

  worker(memberId: string): Worker | undefined {
    return this.workers.find((worker) => worker.memberId === memberId);
  }

  remove(memberId: string): void {
    const index = this.workers.findIndex((worker) => worker.memberId === memberId);
    if (index >= 0) this.workers.splice(index, 1);
  }

  /** At most one living member works on a partition. */
  checkOwners(): void {
    const all = this.workers.flatMap((worker) => worker.working.map(partitionId));
    expect(new Set(all).size).toBe(all.length);
  }

  answerOne(): void {
    const append = this.unanswered.shift();
    if (append === undefined) return;
    this.log.push(...append.records);
    this.post({ type: "recordsAppended", appendId: append.appendId, nowMs: this.nowMs });
  }

  join(worker: Worker, isNew: boolean, assignor: "uniform" | "sticky"): void {
    worker.inbox = [];
    worker.isAway = false;
    this.requestId += 1;
    this.post({
      type: "joinRequested",
      requestId: this.requestId,
      nowMs: this.nowMs,
      memberId: isNew ? undefined : worker.memberId,
      newMemberId: worker.memberId,
      clientId: "c",
      host: "h",
      topics: worker.topics,
      sessionTimeoutMs: 100,
      rebalanceTimeoutMs: 150,
      assignor,
    });
  }

  take(worker: Worker): void {
    const assignment = worker.inbox.shift();
    if (assignment === undefined) return;
    expect(assignment.generation).toBeGreaterThan(worker.generation);
    worker.generation = assignment.generation;
    worker.working = assignment.partitions;
    worker.owesAcknowledgement = true;
    this.checkOwners();
  }

  acknowledge(worker: Worker): void {
    if (!worker.owesAcknowledgement || worker.isAway) return;
    worker.owesAcknowledgement = false;
    const { memberId, generation, working: owned } = worker;
    this.post({ type: "assignmentAcknowledged", nowMs: this.nowMs, memberId, generation, owned });
  }

  commit(worker: Worker, partition: AssignedPartition, generation: number): void {
    const owns = worker.working.some((own) => partitionId(own) === partitionId(partition));
    // The owner that is out by a decision on its way to the log is not told yet; who comes after it owns the partition already.
    const isTold = this.unanswered.length === 0;
    const othersWork = this.workers.some(
      (other) => other !== worker && other.working.some((own) => partitionId(own) === partitionId(partition)),
    );
    this.requestId += 1;
    const requestId = this.requestId;
    this.taken.add(requestId);
    this.post({
      type: "commitRequested",
      requestId,
      nowMs: this.nowMs,
      committedAtMs: this.nowMs,
      memberId: worker.memberId,
      generation,
      offsets: [{ ...partition, offset: requestId, leaderEpoch: undefined, metadata: "" }],
    });
    const isTaken = this.taken.has(requestId);
    // Nobody else's partition, and where the owner speaks for the generation that it works in, its commit is taken.
    if (othersWork && isTold) expect(isTaken).toBe(false);
    const shape = this.topics.get(partition.topic);
    if (owns && generation === worker.generation && shape !== undefined && partition.partition < shape.partitions)
      expect(isTaken || this.isReplaced || worker.isAway || worker.inbox.length > 0 || this.unanswered.length > 0).toBe(
        true,
      );
  }

  command(step: Command): void {
    const worker = "member" in step ? this.workers[step.member % Math.max(1, this.workers.length)] : undefined;
    switch (step.do) {
      case "join": {
        this.requestId += 1;
        const added: Worker = {
          memberId: `m${String(this.requestId).padStart(4, "0")}`,
          topics: step.topics,
          isJoined: false,
          isAway: false,
          inbox: [],
          generation: 0,
          working: [],
          owesAcknowledgement: false,
        };
        this.workers.push(added);
        this.join(added, true, step.assignor);
        return;
      }
      case "rejoin":
        if (worker?.isJoined === true) this.join(worker, false, "sticky");
        return;
      case "take":
        if (worker !== undefined) this.take(worker);
        return;
      case "acknowledge":
        if (worker !== undefined) this.acknowledge(worker);
        return;
      case "heartbeat":
        if (worker !== undefined)
          this.post({ type: "heartbeatReceived", nowMs: this.nowMs, memberId: worker.memberId });
        return;
      case "leave":
        if (worker === undefined) return;
        // Whoever leaves has stopped working first.
        this.remove(worker.memberId);
        this.post({ type: "leaveRequested", nowMs: this.nowMs, wallMs: this.nowMs, memberId: worker.memberId });
        return;
      case "commit":
        if (worker !== undefined)
          this.commit(worker, partitionOf(worker, step), worker.generation + step.generationShift);
        return;
      case "logAnswers":
        this.answerOne();
        return;
      case "wait":
        this.nowMs += step.ms;
        if (step.isHeard)
          for (const { memberId } of [...this.workers])
            this.post({ type: "heartbeatReceived", nowMs: this.nowMs, memberId });
        this.post({ type: "timePassed", nowMs: this.nowMs, wallMs: this.nowMs });
        return;
      case "resubscribe":
        if (worker?.isJoined !== true) return;
        worker.topics = step.topics;
        this.post({
          type: "resubscribeRequested",
          nowMs: this.nowMs,
          memberId: worker.memberId,
          topics: step.topics,
        });
        return;
      case "failOver":
        this.failOver(step.landed);
        return;
      case "topics":
        this.mayGoBack = true;
        this.isReplaced ||= this.topics.get("a")?.topicId !== `a${step.id}`;
        this.topics = new Map([
          ["a", { topicId: `a${step.id}`, partitions: step.a }],
          ...(step.b > 0 ? [["b", { topicId: "b0", partitions: step.b }] as const] : []),
        ]);
        this.post({ type: "topicsChanged", nowMs: this.nowMs, topics: this.topics });
        return;
      default:
        this.outside(step.do);
        return;
    }
  }

  /** Another coordinator takes over, with the first of the appends that were on their way. Members come back when they do. */
  failOver(landed: number): void {
    const inLog = this.unanswered.slice(0, landed).flatMap(({ records }) => records);
    this.log.push(...inLog);
    this.unanswered = [];
    this.mayGoBack ||= inLog.some(({ value }) => value === null);
    this.machine = new GroupStateMachine({ group: "g", options });
    for (const record of this.log) this.machine.replay({ record, nowMs: this.nowMs });
    const known = new Set(this.machine.membership.members.map(({ memberId }) => memberId));
    for (const worker of [...this.workers]) {
      worker.inbox = [];
      worker.isAway = true;
      // Who had no answer to its join has no id to come back with.
      if (!worker.isJoined || !known.has(worker.memberId)) this.remove(worker.memberId);
    }
    this.post({ type: "topicsChanged", nowMs: this.nowMs, topics: this.topics });
  }

  outside(what: "reset" | "delete" | "deleteOffsets" | "commitOutside" | "checkIdle"): void {
    this.requestId += 1;
    this.mayGoBack = true;
    const request = { requestId: this.requestId, nowMs: this.nowMs };
    // Who is out by a decision that is on its way to the log is not told yet.
    const isTold = this.unanswered.length === 0;
    const workedOn = isTold ? this.workers.flatMap((worker) => worker.working.map(partitionId)) : [];
    this.taken.add(this.requestId);
    this.ask(what, request);
    // Nobody takes anything away under a member that works.
    if (!this.taken.has(this.requestId) || what === "checkIdle") return;
    if (what === "deleteOffsets") expect(workedOn).not.toContain("a/0");
    else expect(workedOn).toEqual([]);
  }

  ask(
    what: "reset" | "delete" | "deleteOffsets" | "commitOutside" | "checkIdle",
    request: { readonly requestId: number; readonly nowMs: number },
  ): void {
    const target = { topic: "a", partition: 0, offset: 1 };
    if (what === "checkIdle") {
      this.post({ type: "idleChecked", nowMs: this.nowMs, wallMs: this.nowMs, retentionMs });
      return;
    }
    if (what === "deleteOffsets") {
      this.post({ type: "deleteOffsetsRequested", ...request, partitions: [{ topic: "a", partition: 0 }] });
      return;
    }
    if (what === "delete") this.post({ type: "deleteRequested", ...request });
    else if (what === "reset") {
      const targets = [{ ...target, current: undefined }];
      this.post({ type: "resetRequested", ...request, committedAtMs: this.nowMs, isPlan: false, targets });
    } else {
      const offsets = [{ ...target, leaderEpoch: undefined, metadata: "" }];
      this.post({
        type: "commitRequested",
        ...request,
        committedAtMs: this.nowMs,
        memberId: undefined,
        generation: undefined,
        offsets,
      });
    }
  }

  /** Members of whom nothing is heard any more, since their clients are gone, go when their sessions are over. */
  dismissGhosts(): void {
    if (this.machine.membership.members.length === this.workers.length) return;
    this.nowMs += 60;
    for (const { memberId } of this.workers) this.post({ type: "heartbeatReceived", nowMs: this.nowMs, memberId });
    this.post({ type: "timePassed", nowMs: this.nowMs, wallMs: this.nowMs });
  }

  /** Everybody takes, acknowledges and is answered until nothing moves. */
  settle(): void {
    for (const worker of [...this.workers]) if (worker.isAway) this.join(worker, false, "sticky");
    for (let round = 0; round < 1000; round += 1) {
      const isQuiet = this.workers.every((one) => one.inbox.length === 0 && !one.owesAcknowledgement);
      if (this.unanswered.length === 0 && isQuiet && this.machine.membership.members.length === this.workers.length)
        return;
      while (this.unanswered.length > 0) this.answerOne();
      for (const one of [...this.workers]) {
        this.take(one);
        this.acknowledge(one);
      }
      this.dismissGhosts();
    }
    expect.fail("the group does not settle");
  }
}

describe("GroupStateMachine under random events", () => {
  it("keeps one owner a partition, says nothing early, settles, and replays to the same state", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120, size: "max" }), (commands) => {
        const world = new World();
        world.post({ type: "topicsChanged", nowMs: 0, topics: world.topics });
        for (const step of commands) world.command(step);
        world.settle();
        const { machine, workers, topics } = world;

        expect(machine.state).toBe(workers.length === 0 ? "empty" : "stable");
        const wanted = [...topics].flatMap(([topic, { partitions }]) =>
          workers.some((one) => one.topics.includes(topic))
            ? Array.from({ length: partitions }, (_, n) => `${topic}/${n}`)
            : [],
        );
        expect(workers.flatMap((one) => one.working.map(partitionId)).sort()).toEqual(wanted.sort());

        const replayed = new GroupStateMachine({ group: "g", options });
        for (const record of world.log) replayed.replay({ record, nowMs: 0 });
        expect(replayed.membership).toEqual(machine.membership);
        expect(replayed.offsets).toEqual(machine.offsets);
        expect(replayed.exists).toBe(machine.exists);
        expect(replayed.idleSinceMs).toBe(machine.idleSinceMs);
        for (const offset of machine.offsets) expect(topics.get(offset.topic)?.topicId).toBe(offset.topicId);
      }),
      { numRuns: propertyRuns({ usual: 400, long: 5000 }) },
    );
  });
});
