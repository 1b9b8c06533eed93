/**
 * What must be true of the work of a group, whatever happened to it: compared are the logs, the answers to producers, what
 * members told of their work, and the committed offsets as they were seen. Everything that is not so is told in words.
 */

import type { WorkEvent } from "./group-member.mjs";

interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A record that is in the log, or was acknowledged. Its value is written once: key, and number within its key. */
export interface KnownRecord extends Place {
  readonly key: string;
  readonly number: number;
}

/** An offset that was committed at that time, or before. */
export interface SeenCommit extends Place {
  readonly atUs: number;
}

export interface GroupHistory {
  /** In the order in which they are in their partitions. */
  readonly log: readonly KnownRecord[];
  readonly acknowledged: readonly KnownRecord[];
  readonly work: readonly WorkEvent[];
  /** In the order in which they were seen. */
  readonly commits: readonly SeenCommit[];
  /** Of which messages the dead-letter topic tells. */
  readonly deadLetters: readonly Place[];
}

/** What is known of the work on one record. */
interface Work {
  beganUs: number;
  completedUs: number;
}

const violationsMax = 20;

/** Sentences; none: all is well. */
export function violationsOf(history: GroupHistory): string[] {
  const works = worksOf(history.work);
  const violations = [
    ...lostRecords(history),
    ...repeatedRecords(history),
    ...unprocessedRecords(history, works),
    ...wrongOrders(history, works),
    ...wrongCommits(history, works),
    ...lostDeadLetters(history),
  ];
  const more = violations.length - violationsMax;
  return more > 0 ? [...violations.slice(0, violationsMax), `and ${more} more`] : violations;
}

function worksOf(events: readonly WorkEvent[]): ReadonlyMap<string, Work> {
  const works = new Map<string, Work>();
  for (const event of events) {
    const place = text(event);
    const work = works.get(place) ?? { beganUs: Number.POSITIVE_INFINITY, completedUs: Number.POSITIVE_INFINITY };
    works.set(place, work);
    if (event.type === "begun") work.beganUs = Math.min(work.beganUs, event.atUs);
    else work.completedUs = Math.min(work.completedUs, event.atUs);
  }
  return works;
}

function lostRecords({ log, acknowledged }: GroupHistory): string[] {
  const byPlace = new Map(log.map((record) => [text(record), record]));
  return acknowledged.flatMap((record) => {
    const found = byPlace.get(text(record));
    if (found?.key === record.key && found.number === record.number) return [];
    return [`${text(record)} was acknowledged as ${nameOf(record)}, and the log has ${found && nameOf(found)}`];
  });
}

/** Records of a key are sent in the order of their numbers, each once. */
function repeatedRecords({ log }: GroupHistory): string[] {
  const violations: string[] = [];
  const places = new Map<string, string>();
  const last = new Map<string, number>();
  for (const record of log) {
    const name = nameOf(record);
    const before = places.get(name);
    if (before !== undefined) violations.push(`${name} is in the log at ${before} and at ${text(record)}`);
    places.set(name, text(record));
    const lane = laneOf(record);
    if (record.number < (last.get(lane) ?? 0)) violations.push(`${name} at ${text(record)} stands behind a later one`);
    last.set(lane, record.number);
  }
  return violations;
}

function unprocessedRecords({ log }: GroupHistory, works: ReadonlyMap<string, Work>): string[] {
  return log
    .filter((record) => !Number.isFinite(works.get(text(record))?.completedUs ?? Number.NaN))
    .map((record) => `${text(record)} was never processed`);
}

function wrongOrders({ log }: GroupHistory, works: ReadonlyMap<string, Work>): string[] {
  const violations: string[] = [];
  const before = new Map<string, KnownRecord>();
  for (const record of log) {
    const previous = before.get(laneOf(record));
    before.set(laneOf(record), record);
    const completedUs = previous === undefined ? 0 : (works.get(text(previous))?.completedUs ?? 0);
    const beganUs = works.get(text(record))?.beganUs ?? Number.POSITIVE_INFINITY;
    if (previous !== undefined && beganUs < completedUs)
      violations.push(`${text(record)} was begun ${completedUs - beganUs} us before ${text(previous)} was done`);
  }
  return violations;
}

function wrongCommits({ log, commits }: GroupHistory, works: ReadonlyMap<string, Work>): string[] {
  const violations: string[] = [];
  const partitions = byPartition(log);
  const last = new Map<string, SeenCommit>();
  for (const commit of commits) {
    const partition = partitionOf(commit);
    const before = last.get(partition);
    if (before?.offset === commit.offset) continue;
    last.set(partition, commit);
    if (before !== undefined && commit.offset < before.offset)
      violations.push(
        `the commit of ${partition} went back from ${before.offset} to ${commit.offset}, seen at ${commit.atUs}`,
      );
    const early = (partitions.get(partition) ?? []).find((record) => {
      return record.offset < commit.offset && !((works.get(text(record))?.completedUs ?? Number.NaN) <= commit.atUs);
    });
    if (early !== undefined)
      violations.push(
        `${partition} was committed at ${commit.offset}, seen at ${commit.atUs}, and ${text(early)} was not done`,
      );
  }
  return violations;
}

function lostDeadLetters({ work, deadLetters }: GroupHistory): string[] {
  const written = new Set(deadLetters.map(text));
  const dead = work.filter(({ type }) => type === "dead");
  return dead.filter((event) => !written.has(text(event))).map((event) => `${text(event)} is no dead letter`);
}

function byPartition(log: readonly KnownRecord[]): ReadonlyMap<string, readonly KnownRecord[]> {
  const partitions = new Map<string, KnownRecord[]>();
  for (const record of log) {
    const known = partitions.get(partitionOf(record));
    if (known === undefined) partitions.set(partitionOf(record), [record]);
    else known.push(record);
  }
  return partitions;
}

function partitionOf({ topic, partition }: Place): string {
  return `${topic}-${partition}`;
}

function text(place: Place): string {
  return `${partitionOf(place)}@${place.offset}`;
}

function nameOf({ key, number }: KnownRecord): string {
  return `${key} number ${number}`;
}

function laneOf(record: KnownRecord): string {
  return `${partitionOf(record)} ${record.key}`;
}
