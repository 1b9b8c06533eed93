/** How far a group is behind: for each partition in messages, and in time since the next message to process was written. */

import { isSluiceError, type TopicPartition } from "@sluice/model";
import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { keyOf, type OffsetFinder } from "../consumer/offset-spec.js";
import { awaitAnswer } from "./await-answer.js";
import type { GroupDescription, GroupLag, GroupPartition, GroupPartitionLag } from "./group-admin-types.js";
import type { GroupRequests } from "./group-requests.js";
import { RecordTimes } from "./record-times.js";

export interface GroupLagDependencies extends ClientDependencies {
  readonly requests: GroupRequests;
  readonly finder: OffsetFinder;
}

type LagInMessages = Omit<GroupPartitionLag, "timeLagMs">;

export class GroupLagReader {
  readonly #dependencies: GroupLagDependencies;
  readonly #times: RecordTimes;

  constructor(dependencies: GroupLagDependencies) {
    this.#dependencies = dependencies;
    this.#times = new RecordTimes(dependencies);
  }

  /** @param topics undefined: those for which the group has something committed or a member that works on them */
  async read(
    request: { readonly group: string; readonly topics: readonly string[] | undefined; readonly withTime: boolean },
    options: Cancellable,
  ): Promise<GroupLag> {
    const description = await this.#dependencies.requests.describe(request.group, options);
    const partitions = await this.#partitions(description, request.topics, options);
    const known = await this.#inMessages(description, partitions, options);
    const rows = request.withTime ? await this.#withTimes(known, options) : known.map(withoutTime);
    const times = rows.flatMap(({ timeLagMs }) => timeLagMs ?? []);
    return {
      groupId: request.group,
      lag: rows.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
      timeLagMs: times.length === 0 ? undefined : Math.max(...times),
      partitions: rows,
    };
  }

  async #partitions(
    description: GroupDescription,
    topics: readonly string[] | undefined,
    options: Cancellable,
  ): Promise<GroupPartition[]> {
    const { metadata } = this.#dependencies;
    const worked = description.members.flatMap(({ owned, assigned }) => [...owned, ...assigned]);
    const used = [...new Set([...description.offsets, ...worked].map(({ topic }) => topic))];
    const names = [...new Set(topics ?? used)].sort();
    const described = await Promise.all(
      names.map(async (name) => {
        try {
          return (await awaitAnswer(() => metadata.describe([name], options), this.#dependencies, options)).topics;
        } catch (error) {
          // A topic of the group's own that is gone by now is nothing to be behind in.
          if (topics === undefined && isSluiceError(error, "UNKNOWN_TOPIC")) return [];
          throw error;
        }
      }),
    );
    return described
      .flat()
      .flatMap(({ name, partitions }) => partitions.map(({ partition }) => ({ topic: name, partition })));
  }

  async #inMessages(
    { offsets, members }: GroupDescription,
    partitions: readonly TopicPartition[],
    options: Cancellable,
  ): Promise<LagInMessages[]> {
    const { finder } = this.#dependencies;
    const at = (offset: "earliest" | "latest") => partitions.map((place) => ({ ...place, offset }));
    const [lows, ends] = await Promise.all([finder.find(at("earliest"), options), finder.find(at("latest"), options)]);
    const committedAt = new Map(offsets.map((committed) => [keyOf(committed), committed.offset]));
    const owners = new Map(members.flatMap(({ memberId, owned }) => owned.map((place) => [keyOf(place), memberId])));
    return partitions.map((place, index) => {
      const committed = committedAt.get(keyOf(place));
      const low = lows[index]?.offset as number;
      const end = ends[index]?.offset as number;
      const lag = committed === undefined ? undefined : Math.max(0, end - Math.max(committed, low));
      return { ...place, committed, low, end, lag, memberId: owners.get(keyOf(place)) };
    });
  }

  async #withTimes(rows: readonly LagInMessages[], options: Cancellable): Promise<GroupPartitionLag[]> {
    const behind = rows.filter(({ lag }) => lag !== undefined && lag > 0);
    const places = behind.map(({ topic, partition, committed, low }) => {
      return { topic, partition, offset: Math.max(committed as number, low) };
    });
    const times = await this.#times.find(places, options);
    const nowMs = this.#dependencies.clock.nowMs();
    const timeOf = new Map(behind.map((row, index) => [row, times[index]]));
    return rows.map((row) => {
      const { lag } = row;
      const timestamp = timeOf.get(row);
      const age = timestamp === undefined || timestamp < 0 ? undefined : Math.max(0, nowMs - timestamp);
      return { ...row, timeLagMs: lag === 0 ? 0 : age };
    });
  }
}

function withoutTime(row: LagInMessages): GroupPartitionLag {
  return { ...row, timeLagMs: row.lag === 0 ? 0 : undefined };
}
