/**
 * Appends of one group on their way to the log, and what happens once each is there.
 *
 * Records reach the log in the order in which they were handed over. Whatever an append makes true is done in that order too,
 * even if the news of two appends arrive the other way round.
 */

import { invariant } from "@sluice/model";
import type { GroupEffect } from "./group-effect.js";
import type { GroupRecord } from "./group-record.js";

/** Runs when the records are in the log: changes what is shown, and says it. */
export type OnAppended = () => readonly GroupEffect[];

interface PendingAppend {
  readonly appendId: number;
  readonly requestIds: readonly number[];
  readonly onAppended: OnAppended;
  isAppended: boolean;
}

export class AppendQueue {
  #nextAppendId = 1;
  #pending: PendingAppend[] = [];

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** @param requestIds requests that `onAppended` answers; they are refused if the append fails */
  append(records: readonly GroupRecord[], requestIds: readonly number[], onAppended: OnAppended): GroupEffect {
    invariant(records.length > 0, "an append without records");
    const appendId = this.#nextAppendId;
    this.#nextAppendId += 1;
    this.#pending.push({ appendId, requestIds, onAppended, isAppended: false });
    return { type: "appendRecords", appendId, records };
  }

  /** Runs `onAppended` when everything that was begun is in the log: at once, where nothing is under way. */
  afterPending(requestIds: readonly number[], onAppended: OnAppended): readonly GroupEffect[] {
    if (this.isEmpty) return onAppended();
    const appendId = this.#nextAppendId;
    this.#nextAppendId += 1;
    this.#pending.push({ appendId, requestIds, onAppended, isAppended: true });
    return [];
  }

  appended(appendId: number): GroupEffect[] {
    const append = this.#pending.find((pending) => pending.appendId === appendId);
    invariant(append !== undefined, `append ${appendId} was not begun`);
    append.isAppended = true;
    const effects: GroupEffect[] = [];
    while (this.#pending[0]?.isAppended === true) effects.push(...(this.#pending.shift()?.onAppended() ?? []));
    return effects;
  }

  /** Requests that wait for any append; none does afterwards. */
  takeRequests(): number[] {
    const requestIds = this.#pending.flatMap((pending) => pending.requestIds);
    this.#pending = [];
    return requestIds;
  }
}
