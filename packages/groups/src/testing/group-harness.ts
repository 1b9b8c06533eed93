/** A group over a log that answers at once or is held back, and short texts for what it says. */

import type { GroupOptions } from "../group-core.js";
import type { GroupEffect } from "../group-effect.js";
import type { AssignedPartition, EventOf, GroupEvent, ResetToMake, TopicShapes } from "../group-event.js";
import type { GroupRecord } from "../group-record.js";
import { GroupStateMachine } from "../group-state-machine.js";

export const harnessOptions: GroupOptions = {
  sessionTimeoutMsMin: 100,
  sessionTimeoutMsMax: 60_000,
  rebalanceTimeoutMsMin: 100,
  rebalanceTimeoutMsMax: 3_600_000,
  membersMax: 3,
  subscriptionLengthMax: 40,
};
/** Topic `t` with so many partitions. */
export const topics = (partitions: number, topicId = "id-1"): TopicShapes => new Map([["t", { topicId, partitions }]]);
/** Partitions of topic `t`. */
export const parts = (...numbers: number[]): AssignedPartition[] =>
  numbers.map((partition) => ({ topic: "t", partition }));

/** A group whose log answers at once, and the records that are in it. */
export class Harness {
  readonly machine = new GroupStateMachine({ group: "g", options: harnessOptions });
  readonly log: GroupRecord[] = [];
  /** Append failures and silences: undefined = answer at once. */
  holdAppends = false;
  readonly held: number[] = [];
  nowMs = 1000;
  #requestId = 0;

  post(event: GroupEvent): GroupEffect[] {
    const said: GroupEffect[] = [];
    for (const effect of this.machine.step(event)) {
      if (effect.type !== "appendRecords") {
        said.push(effect);
      } else if (this.holdAppends) {
        this.held.push(effect.appendId);
        this.log.push(...effect.records);
      } else {
        this.log.push(...effect.records);
        said.push(...this.post({ type: "recordsAppended", appendId: effect.appendId, nowMs: this.nowMs }));
      }
    }
    return said;
  }

  topics(shapes: TopicShapes): GroupEffect[] {
    return this.post({ type: "topicsChanged", nowMs: this.nowMs, topics: shapes });
  }

  join(newMemberId: string, more: Partial<EventOf<"joinRequested">> = {}): GroupEffect[] {
    return this.post({
      type: "joinRequested",
      requestId: ++this.#requestId,
      nowMs: this.nowMs,
      memberId: undefined,
      newMemberId,
      clientId: `client-${newMemberId}`,
      host: "127.0.0.1",
      topics: ["t"],
      sessionTimeoutMs: 1000,
      rebalanceTimeoutMs: 300_000,
      assignor: "sticky",
      ...more,
    });
  }

  acknowledge(memberId: string, generation: number, owned: AssignedPartition[]): GroupEffect[] {
    return this.post({ type: "assignmentAcknowledged", nowMs: this.nowMs, memberId, generation, owned });
  }

  commit(memberId: string | undefined, generation: number | undefined, partition: number, offset = 7): GroupEffect[] {
    return this.post({
      type: "commitRequested",
      requestId: ++this.#requestId,
      nowMs: this.nowMs,
      committedAtMs: 5,
      memberId,
      generation,
      offsets: [{ topic: "t", partition, offset, leaderEpoch: 1, metadata: "" }],
    });
  }

  reset(...targets: (AssignedPartition & { offset: number })[]): GroupEffect[] {
    return this.post({
      type: "resetRequested",
      requestId: ++this.#requestId,
      nowMs: this.nowMs,
      committedAtMs: 6,
      isPlan: false,
      targets: targets.map((target) => ({ ...target, current: undefined })),
    });
  }

  /** Makes a plan for partitions of topic `t`. */
  execute(...targets: Omit<ResetToMake, "topic">[]): GroupEffect[] {
    return this.post({
      type: "resetRequested",
      requestId: ++this.#requestId,
      nowMs: this.nowMs,
      committedAtMs: 6,
      isPlan: true,
      targets: targets.map((target) => ({ topic: "t", ...target })),
    });
  }

  deleteOffsets(...partitions: AssignedPartition[]): GroupEffect[] {
    return this.post({
      type: "deleteOffsetsRequested",
      requestId: ++this.#requestId,
      nowMs: this.nowMs,
      partitions,
    });
  }

  resubscribe(memberId: string, ...wanted: string[]): GroupEffect[] {
    return this.post({ type: "resubscribeRequested", nowMs: this.nowMs, memberId, topics: wanted });
  }

  leave(memberId: string, wallMs = 5000): GroupEffect[] {
    return this.post({ type: "leaveRequested", nowMs: this.nowMs, wallMs, memberId });
  }

  /** `nowMs` becomes that, on both clocks. */
  timeIs(nowMs: number): GroupEffect[] {
    this.nowMs = nowMs;
    return this.post({ type: "timePassed", nowMs, wallMs: nowMs });
  }

  checkIdle(wallMs: number, retentionMs: number): GroupEffect[] {
    return this.post({ type: "idleChecked", nowMs: this.nowMs, wallMs, retentionMs });
  }

  /** Another coordinator, which has read this one's log. */
  failOver(): Harness {
    const next = new Harness();
    next.nowMs = this.nowMs;
    for (const record of this.log) {
      next.log.push(record);
      next.machine.replay({ record, nowMs: next.nowMs });
    }
    return next;
  }

  delete(): GroupEffect[] {
    return this.post({ type: "deleteRequested", requestId: ++this.#requestId, nowMs: this.nowMs });
  }
}

/** One line an effect. */
export function lines(effects: readonly GroupEffect[]): string[] {
  return effects.map(line);
}

function line(effect: GroupEffect): string {
  switch (effect.type) {
    case "sendAssignment":
      return `send ${effect.memberId} g${effect.generation} [${effect.partitions.map((p) => p.partition)}]`;
    case "acceptJoin":
      return `joined ${effect.memberId} ${effect.heartbeatIntervalMs}`;
    case "endSession":
      return `end ${effect.memberId} ${effect.error?.code ?? ""}`.trim();
    case "rejectRequest":
      return `reject ${effect.error.code}`;
    case "acceptRequest":
      return "accept";
    case "groupExpired":
      return `expired ${effect.idleSinceMs} ${effect.offsets}`;
    case "appendRecords":
      return `append ${effect.records.length}`;
  }
}

/** Member `a` owns partitions 0 and 1, member `b` 2 and 3, of topic `t`. */
export function stableGroupOfTwo(): Harness {
  const group = new Harness();
  group.topics(topics(4));
  group.join("a");
  group.acknowledge("a", 1, parts(0, 1, 2, 3));
  group.join("b");
  group.acknowledge("a", 2, parts(0, 1));
  group.acknowledge("b", 2, []);
  group.acknowledge("b", 3, parts(2, 3));
  return group;
}
