/**
 * Sticky assignor: everybody keeps what they have as far as balance allows.
 *
 * First all keep what they still want, then what is free goes to those with fewest, then partitions move one by one from a member to
 * one with at least 2 fewer. So no partition is left with a member where another that wants it has 2 fewer; where all members
 * want the same topics, counts differ by at most 1. No assignment that is as balanced takes fewer partitions from members.
 */

import { type Assignment, AssignmentDraft, type Subscriber } from "./assignment-draft.js";
import type { TopicShapes } from "./group-event.js";

/** @param previous what members have now; of a partition that two claim, the first keeps it */
export function assignSticky(
  subscribers: readonly Subscriber[],
  topics: TopicShapes,
  previous: Assignment,
): Assignment {
  const draft = new AssignmentDraft(subscribers, topics);
  for (const [memberId, partitions] of previous) {
    for (const partition of partitions) draft.maybeGive(memberId, partition);
  }
  return draft.fill().level().finish();
}
