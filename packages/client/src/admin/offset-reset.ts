/**
 * Moves of committed offsets of an empty group: planned here, from the ends of the logs and what is committed, and made by the
 * coordinator exactly as planned, all partitions or none.
 *
 * The coordinator refuses a plan where a member has joined, or something else is committed than the plan shows: what was looked at
 * is what happens.
 */

import { groupName, isSluiceError, SluiceError } from "@sluice/model";
import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { keyOf, type OffsetFinder, offsetSpecOf, type PartitionPlace } from "../consumer/offset-spec.js";
import type {
  ExecuteReset,
  GroupDescription,
  OffsetToImport,
  PlannedOffsetReset,
  ResetOffsets,
  ResetTo,
  TopicSelection,
} from "./group-admin-types.js";
import { type GroupRequests, notEmpty } from "./group-requests.js";
import { planPartitionReset, type ResetFacts } from "./offset-reset-plan.js";
import { type SelectedPartition, selectPartitions } from "./topic-selection.js";

/** Where each partition shall go. Undefined: the partition is left out. */
type WantedOffset = (facts: ResetFacts, isNamed: boolean) => number | undefined;

export interface OffsetResetDependencies extends ClientDependencies {
  readonly requests: GroupRequests;
  readonly finder: OffsetFinder;
}

export class OffsetReset {
  readonly #dependencies: OffsetResetDependencies;

  constructor(dependencies: OffsetResetDependencies) {
    this.#dependencies = dependencies;
  }

  /** What the request would do. @throws SluiceError as `GroupAdmin.resetOffsets` */
  async plan(request: ResetOffsets, options: Cancellable): Promise<PlannedOffsetReset[]> {
    const group = groupName(request.groupId);
    const to = targetOf(request);
    const isCopy = typeof to === "object" && "group" in to;
    const copied = isCopy ? await this.#dependencies.requests.fetchOffsets(groupName(to.group), options) : [];
    // A group that is not there has nothing committed either; that is most likely a name misspelled.
    if (isCopy && copied.length === 0) await this.#dependencies.requests.describe(groupName(to.group), options);
    const description = await this.#describeEmpty(group, { ...options, mayBeNew: isCopy });
    const selection = selectionOf(request) ?? [
      ...new Set((isCopy ? copied : description.offsets).map(({ topic }) => topic)),
    ];
    const partitions = await selectPartitions(this.#dependencies, selection, options);
    const facts = await this.#facts(description, partitions, options);
    const offsets = isCopy
      ? copyOf(to.group, new Map(copied.map((committed) => [keyOf(committed), committed.offset])))
      : await this.#wantedOffset(to, partitions, options);
    return facts.flatMap((known, index) => {
      const wanted = offsets(known, partitions[index]?.isNamed ?? false);
      return wanted === undefined ? [] : [planPartitionReset(known, wanted)];
    });
  }

  /** What the import of these offsets would do. @throws SluiceError as `GroupAdmin.importOffsets` */
  async planImport(
    groupId: string,
    offsets: readonly (OffsetToImport & { readonly offset: number })[],
    options: Cancellable,
  ): Promise<PlannedOffsetReset[]> {
    const description = await this.#describeEmpty(groupName(groupId), { ...options, mayBeNew: true });
    const wanted = new Map(offsets.map((offset) => [keyOf(offset), offset.offset]));
    const partitions = await selectPartitions(this.#dependencies, byTopic(offsets), options);
    const facts = await this.#facts(description, partitions, options);
    return facts.map((known) => planPartitionReset(known, wanted.get(keyOf(known)) as number));
  }

  /** Makes a plan as it is. @throws SluiceError as `GroupAdmin.executeReset` */
  async execute({ groupId, plan }: ExecuteReset, options: Cancellable): Promise<void> {
    const group = groupName(groupId);
    if (plan.length === 0) return;
    const targets = plan.map(({ topic, partition, current, target }) => {
      return { topic, partition, currentPlusOne: current === undefined ? 0 : current + 1, target, end: 0 };
    });
    await this.#dependencies.requests.makePlan(group, targets, options);
  }

  /** The group, which has no members. One that does not exist has nothing committed, where it may be new. */
  async #describeEmpty(
    group: string,
    options: Cancellable & { readonly mayBeNew: boolean },
  ): Promise<Pick<GroupDescription, "offsets">> {
    try {
      const description = await this.#dependencies.requests.describe(group, options);
      if (description.members.length > 0) throw notEmpty(description);
      return description;
    } catch (error) {
      if (options.mayBeNew && isSluiceError(error, "UNKNOWN_GROUP")) return { offsets: [] };
      throw error;
    }
  }

  async #facts(
    description: Pick<GroupDescription, "offsets">,
    partitions: readonly SelectedPartition[],
    options: Cancellable,
  ): Promise<ResetFacts[]> {
    const [low, end] = await Promise.all([
      this.#find(partitions, "earliest", options),
      this.#find(partitions, "latest", options),
    ]);
    const committed = new Map(description.offsets.map((offset) => [keyOf(offset), offset.offset]));
    return partitions.map(({ topic, partition }, index) => {
      const current = committed.get(keyOf({ topic, partition }));
      return { topic, partition, current, low: low[index] as number, end: end[index] as number };
    });
  }

  async #wantedOffset(
    to: Exclude<ResetTo, { readonly group: string }>,
    partitions: readonly SelectedPartition[],
    options: Cancellable,
  ): Promise<WantedOffset> {
    if (typeof to === "object" && "shift" in to) return shiftBy(wholeNumber("shift", to.shift));
    if (typeof to === "object" && "last" in to) {
      const last = wholeNumber("last", to.last, 0);
      return ({ end }) => end - last;
    }
    const spec =
      typeof to === "object" && "durationMs" in to
        ? { timestamp: this.#dependencies.clock.nowMs() - wholeNumber("durationMs", to.durationMs, 0) }
        : offsetSpecOf(to);
    if (typeof spec === "number") return () => spec;
    if (spec === "earliest") return ({ low }) => low;
    if (spec === "latest") return ({ end }) => end;
    const found = await this.#find(partitions, spec, options);
    const offsets = new Map(partitions.map((partition, index) => [keyOf(partition), found[index]]));
    return (facts) => offsets.get(keyOf(facts));
  }

  async #find(
    partitions: readonly SelectedPartition[],
    offset: PartitionPlace["offset"],
    options: Cancellable,
  ): Promise<number[]> {
    const places = partitions.map(({ topic, partition }) => ({ topic, partition, offset }));
    const found = await this.#dependencies.finder.find(places, options);
    return found.map((answer) => answer.offset);
  }
}

/** What is committed moves by so much. Partitions of which nothing is committed are left out, unless they were named. */
function shiftBy(shift: number): WantedOffset {
  return ({ topic, partition, current }, isNamed) => {
    if (current !== undefined) return current + shift;
    if (!isNamed) return undefined;
    const reason = `nothing is committed for ${topic}-${partition} that could be shifted`;
    throw new SluiceError("INVALID_REQUEST", { reason });
  };
}

/** What another group has committed. Partitions of which it has nothing are left out, unless they were named. */
function copyOf(group: string, offsets: ReadonlyMap<string, number>): WantedOffset {
  return ({ topic, partition }, isNamed) => {
    const offset = offsets.get(keyOf({ topic, partition }));
    if (offset === undefined && isNamed) throw new SluiceError("NO_COMMITTED_OFFSET", { group, topic, partition });
    return offset;
  };
}

/** @throws SluiceError INVALID_REQUEST */
function targetOf({ to, earliest, topic }: ResetOffsets): ResetTo {
  if (to !== undefined && earliest !== undefined) throw invalid("a reset takes 'to' or 'earliest', not both");
  if (to !== undefined) return to;
  if (earliest !== undefined || topic !== undefined) return earliest === true ? "earliest" : "latest";
  throw invalid("the reset says not where to: give 'to'");
}

/** Undefined: what the group, or the one that is copied, has committed. @throws SluiceError INVALID_REQUEST */
function selectionOf({ topic, topics, partitions }: ResetOffsets): readonly TopicSelection[] | undefined {
  if (topic !== undefined && topics !== undefined) throw invalid("a reset takes 'topic' or 'topics', not both");
  if (partitions !== undefined && topic === undefined) throw invalid("'partitions' are those of 'topic'");
  if (topics !== undefined) return topics;
  if (topic === undefined) return undefined;
  // An empty list of partitions has always been all of them here, as on the wire.
  return [partitions === undefined || partitions.length === 0 ? topic : { topic, partitions }];
}

function byTopic(offsets: readonly OffsetToImport[]): TopicSelection[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of offsets) {
    const known = topics.get(topic);
    if (known === undefined) topics.set(topic, [partition]);
    else known.push(partition);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

function wholeNumber(name: string, value: number, min = Number.MIN_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw invalid(`${name} takes a whole number${min === 0 ? " from 0" : ""}, not ${String(value)}`);
}

function invalid(reason: string): SluiceError {
  return new SluiceError("INVALID_REQUEST", { reason });
}
