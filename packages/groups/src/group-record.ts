/**
 * Records of the internal topic `__consumer_offsets`: everything that a coordinator knows, replayable from the start.
 *
 * Keys and values are JSON text, so that `sluice segment dump` shows them as they are. The last record of a key counts; a null
 * value takes it back. All records of a group are in one partition.
 *
 *     key   {"type":"offset","group":"g","topic":"t","partition":0}
 *     value {"offset":42,"leaderEpoch":3,"metadata":"","committedAtMs":1700000000000,"topicId":"<uuid>"}
 *           leaderEpoch -1: not known
 *
 *     key   {"type":"group","group":"g"}
 *     value {"generation":7,"assignor":"sticky","emptySinceMs":-1,"members":[{"memberId":"..","clientId":"..","host":"..",
 *            "topics":["t"],"sessionTimeoutMs":10000,"rebalanceTimeoutMs":300000,"generation":7,"owned":[["t",0]],
 *            "assigned":[["t",0],["t",1]]}]}
 *           assignor "": no member; emptySinceMs: when the last member went, milliseconds since 1970, -1 while there are members
 *
 * Records of earlier versions lack emptySinceMs and rebalanceTimeoutMs: the one is not known then, the other the default. Members are in the order of their ids, partitions in theirs: one state has one text.
 */

import { SluiceError } from "@sluice/model";
import type { AssignedPartition, AssignorName } from "./group-event.js";

export interface GroupRecord {
  readonly key: string;
  /** Null: what the key named is gone. */
  readonly value: string | null;
}

/** What a key names. */
export type GroupRecordKey =
  | { readonly type: "offset"; readonly group: string; readonly topic: string; readonly partition: number }
  | { readonly type: "group"; readonly group: string };

export interface CommittedOffset {
  /** Offset of the next record to process. */
  readonly offset: number;
  /** Leader epoch of the last record that was processed; undefined: not known. */
  readonly leaderEpoch: number | undefined;
  readonly metadata: string;
  /** Wall time of the commit. */
  readonly committedAtMs: number;
  /** Topic that it was committed for: a later one of the same name is another. */
  readonly topicId: string;
}

/** How long a member may take to acknowledge an assignment, where it does not say. */
export const rebalanceTimeoutMsDefault = 300_000;

export interface GroupValue {
  readonly generation: number;
  /** Undefined: the group has no member. */
  readonly assignor: AssignorName | undefined;
  /** Wall time at which the last member went. Undefined: there are members, there never were any, or it is not known. */
  readonly emptySinceMs: number | undefined;
  readonly members: readonly MemberValue[];
}

export interface MemberValue {
  readonly memberId: string;
  readonly clientId: string;
  readonly host: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  /** How long it may take to acknowledge an assignment. */
  readonly rebalanceTimeoutMs: number;
  /** Generation of the last assignment that was sent to it. 0: none yet. */
  readonly generation: number;
  /** What it may be working on. */
  readonly owned: readonly AssignedPartition[];
  /** What it shall own. */
  readonly assigned: readonly AssignedPartition[];
}

export function formatGroupRecordKey(key: GroupRecordKey): string {
  const { type, group } = key;
  return JSON.stringify(
    type === "group" ? { type, group } : { type, group, topic: key.topic, partition: key.partition },
  );
}

/** @throws SluiceError CORRUPT_GROUP_RECORD, as all parsers here */
export function parseGroupRecordKey(text: string): GroupRecordKey {
  const members = membersOf(text, parseJson(text, text));
  const group = members.text("group");
  switch (members.text("type")) {
    case "group":
      return { type: "group", group };
    case "offset":
      return { type: "offset", group, topic: members.text("topic"), partition: members.integer("partition", 0) };
    default:
      throw malformed(text, "its type is not known");
  }
}

export function formatOffsetValue(value: CommittedOffset): string {
  const { offset, leaderEpoch = -1, metadata, committedAtMs, topicId } = value;
  return JSON.stringify({ offset, leaderEpoch, metadata, committedAtMs, topicId });
}

/** @param key text of the record's key, for messages */
export function parseOffsetValue(key: string, text: string): CommittedOffset {
  const members = membersOf(key, parseJson(key, text));
  const leaderEpoch = members.integer("leaderEpoch", -1);
  return {
    offset: members.integer("offset", 0),
    leaderEpoch: leaderEpoch === -1 ? undefined : leaderEpoch,
    metadata: members.text("metadata"),
    committedAtMs: members.integer("committedAtMs", 0),
    topicId: members.text("topicId"),
  };
}

export function formatGroupValue(value: GroupValue): string {
  const members = value.members.map((member) => ({
    ...member,
    owned: member.owned.map(toPair),
    assigned: member.assigned.map(toPair),
  }));
  const { generation, assignor = "", emptySinceMs = -1 } = value;
  return JSON.stringify({ generation, assignor, emptySinceMs, members });
}

export function parseGroupValue(key: string, text: string): GroupValue {
  const members = membersOf(key, parseJson(key, text));
  const assignor = members.text("assignor");
  if (assignor !== "" && assignor !== "uniform" && assignor !== "sticky")
    throw malformed(key, "its assignor is not known");
  const emptySinceMs = members.optionalInteger("emptySinceMs", -1) ?? -1;
  return {
    generation: members.integer("generation", 0),
    assignor: assignor === "" ? undefined : assignor,
    emptySinceMs: emptySinceMs === -1 ? undefined : emptySinceMs,
    members: members.list("members").map((value) => parseMember(key, value)),
  };
}

function parseMember(key: string, value: unknown): MemberValue {
  const members = membersOf(key, value);
  return {
    memberId: members.text("memberId"),
    clientId: members.text("clientId"),
    host: members.text("host"),
    topics: members.list("topics").map((topic) => (typeof topic === "string" ? topic : members.refuse("topics"))),
    sessionTimeoutMs: members.integer("sessionTimeoutMs", 1),
    rebalanceTimeoutMs: members.optionalInteger("rebalanceTimeoutMs", 1) ?? rebalanceTimeoutMsDefault,
    generation: members.integer("generation", 0),
    owned: members.list("owned").map((pair) => fromPair(pair) ?? members.refuse("owned")),
    assigned: members.list("assigned").map((pair) => fromPair(pair) ?? members.refuse("assigned")),
  };
}

function toPair({ topic, partition }: AssignedPartition): [string, number] {
  return [topic, partition];
}

function fromPair(pair: unknown): AssignedPartition | undefined {
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [topic, partition] = pair as [unknown, unknown];
  if (typeof topic !== "string" || !Number.isInteger(partition) || (partition as number) < 0) return undefined;
  return { topic, partition: partition as number };
}

function parseJson(key: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw malformed(key, "not JSON", error);
  }
}

/** Readers of the members of a JSON object; each says what is wrong with which member. */
function membersOf(key: string, value: unknown) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(key, "not a JSON object");
  const members = value as Readonly<Record<string, unknown>>;
  const refuse = (name: string): never => {
    throw malformed(key, `'${name}' is not what it must be`);
  };
  const integer = (name: string, min: number): number => {
    const member = members[name];
    return typeof member === "number" && Number.isSafeInteger(member) && member >= min ? member : refuse(name);
  };
  return {
    refuse,
    integer,
    optionalInteger: (name: string, min: number) => (Object.hasOwn(members, name) ? integer(name, min) : undefined),
    text: (name: string): string => {
      const member = members[name];
      return typeof member === "string" ? member : refuse(name);
    },
    list: (name: string): readonly unknown[] => {
      const member = members[name];
      return Array.isArray(member) ? (member as unknown[]) : refuse(name);
    },
  };
}

function malformed(key: string, reason: string, cause?: unknown): SluiceError {
  const shown = key.length > 200 ? `${key.slice(0, 200)}...` : key;
  return new SluiceError("CORRUPT_GROUP_RECORD", { key: shown, reason }, cause === undefined ? undefined : { cause });
}
