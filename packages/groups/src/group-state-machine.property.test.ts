/**
 * Random members with random delays against the machine. A member works on a partition from the moment it takes an assignment with
 * it until it takes one without it; the log answers late. What must hold is checked from outside, on what members do.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { partitionId } from "./assigned-partition.js";
import type { GroupEffect } from "./group-effect.js";
import type { AssignedPartition, GroupEvent } from "./group-event.js";
import type { GroupRecord } from "./group-record.js";
import { GroupStateMachine } from "./group-state-machine.js";

const options = { sessionTimeoutMsMin: 1, sessionTimeoutMsMax: 60_000, membersMax: 100 };

type Command =
  | { do: "join"; topics: string[]; assignor: "uniform" | "sticky" }
  | { do: "rejoin" | "take" | "acknowledge" | "heartbeat" | "leave"; member: number }
  | { do: "commit"; member: number; partition: number; generationShift: number }
  | { do: "logAnswers" | "reset" | "delete" | "commitOutside" }
  | { do: "wait"; ms: number }
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
      generationShift: fc.constantFrom(0, 0, 0, -1, 1),
    }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant("logAnswers" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("reset" as const, "delete" as const, "commitOutside" as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("topics" as const), a: fc.nat(5), b: fc.nat(2), id: fc.nat(1) }),
  },
);

interface Worker {
  readonly memberId: string;
  topics: string[];
  isJoined: boolean;
  /** Assignments on their way down the present stream. */
  inbox: { generation: number; partitions: readonly AssignedPartition[] }[];
  generation: number;
  working: readonly AssignedPartition[];
  owesAcknowledgement: boolean;
}

class World {
  readonly machine = new GroupStateMachine({ group: "g", options });
  readonly workers: Worker[] = [];
  readonly log: GroupRecord[] = [];
  /** Appends that the log has not answered, oldest first. */
  readonly unanswered: { appendId: number; records: readonly GroupRecord[] }[] = [];
  readonly commits = new Map<number, { memberId: string; partition: AssignedPartition }>();
  nowMs = 0;
  requestId = 0;
  generation = 0;
  topics = new Map([["a", { topicId: "a0", partitions: 3 }]]);

  post(event: GroupEvent): void {
    const isTold = event.type === "recordsAppended";
    for (const effect of this.machine.step(event)) this.run(effect, isTold);
    this.checkOwners();
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
      case "sendAssignment":
        expect(isTold).toBe(true);
        expect(effect.generation).toBeGreaterThanOrEqual(this.generation);
        this.generation = effect.generation;
        this.worker(effect.memberId)?.inbox.push(effect);
        return;
      case "endSession":
        this.remove(effect.memberId);
        return;
      case "acceptRequest": {
        expect(isTold).toBe(true);
        return;
      }
      case "rejectRequest":
        this.commits.delete(effect.requestId);
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
    if (!worker.owesAcknowledgement) return;
    worker.owesAcknowledgement = false;
    const { memberId, generation, working: owned } = worker;
    this.post({ type: "assignmentAcknowledged", nowMs: this.nowMs, memberId, generation, owned });
  }

  commit(worker: Worker, number: number, generation: number): void {
    const partition = { topic: "a", partition: number };
    const owns = worker.working.some((own) => partitionId(own) === partitionId(partition));
    const othersWork = this.workers.some(
      (other) => other !== worker && other.working.some((own) => partitionId(own) === partitionId(partition)),
    );
    this.requestId += 1;
    const requestId = this.requestId;
    this.commits.set(requestId, { memberId: worker.memberId, partition });
    this.post({
      type: "commitRequested",
      requestId,
      nowMs: this.nowMs,
      committedAtMs: this.nowMs,
      memberId: worker.memberId,
      generation,
      offsets: [{ ...partition, offset: requestId, leaderEpoch: undefined, metadata: "" }],
    });
    const isTaken = this.commits.has(requestId);
    // Nobody else's partition, and where the owner speaks for the generation that it works in, its commit is taken.
    if (othersWork) expect(isTaken).toBe(false);
    const shape = this.topics.get("a");
    if (owns && generation === worker.generation && shape !== undefined && number < shape.partitions)
      expect(isTaken || worker.inbox.length > 0 || this.unanswered.length > 0).toBe(true);
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
        this.post({ type: "leaveRequested", nowMs: this.nowMs, memberId: worker.memberId });
        return;
      case "commit":
        if (worker !== undefined) this.commit(worker, step.partition, worker.generation + step.generationShift);
        return;
      case "logAnswers":
        this.answerOne();
        return;
      case "wait":
        this.nowMs += step.ms;
        this.post({ type: "timePassed", nowMs: this.nowMs });
        return;
      case "topics":
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

  outside(what: "reset" | "delete" | "commitOutside"): void {
    this.requestId += 1;
    const request = { requestId: this.requestId, nowMs: this.nowMs };
    const target = { topic: "a", partition: 0, offset: 1 };
    const isDeleted = what === "delete" && this.machine.membership.members.length === 0 && !this.machine.isAppending;
    if (what === "delete") this.post({ type: "deleteRequested", ...request });
    else if (what === "reset") this.post({ type: "resetRequested", ...request, committedAtMs: 0, targets: [target] });
    else {
      const offsets = [{ ...target, leaderEpoch: undefined, metadata: "" }];
      this.post({
        type: "commitRequested",
        ...request,
        committedAtMs: 0,
        memberId: undefined,
        generation: undefined,
        offsets,
      });
    }
    // A deleted group begins anew, and so do its generations.
    if (isDeleted || what === "delete") this.generation = 0;
  }

  /** Everybody takes, acknowledges and is answered until nothing moves. */
  settle(): void {
    for (let round = 0; round < 1000; round += 1) {
      if (
        this.unanswered.length === 0 &&
        this.workers.every((one) => one.inbox.length === 0 && !one.owesAcknowledgement)
      )
        return;
      while (this.unanswered.length > 0) this.answerOne();
      for (const one of [...this.workers]) {
        this.take(one);
        this.acknowledge(one);
      }
    }
    expect.fail("the group does not settle");
  }
}

describe("GroupStateMachine under random events", () => {
  it("keeps one owner a partition, says nothing early, settles, and replays to the same state", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
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
        for (const offset of machine.offsets) expect(topics.get(offset.topic)?.topicId).toBe(offset.topicId);
      }),
      { numRuns: propertyRuns({ usual: 400, long: 5000 }) },
    );
  });
});
