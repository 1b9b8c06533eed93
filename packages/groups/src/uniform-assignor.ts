/**
 * Uniform assignor: every partition goes to the member that has fewest so far and wants its topic.
 *
 * What anybody had before does not count. Topics that few members want go first, since those partitions have the least choice.
 * Where all members want the same topics, counts differ by at most 1. Deterministic: ties go to the lower member id.
 */

import { type Assignment, AssignmentDraft, type Subscriber } from "./assignment-draft.js";
import type { TopicShapes } from "./group-event.js";

/** Shares out every partition of the topics that exist and that somebody wants. */
export function assignUniformly(subscribers: readonly Subscriber[], topics: TopicShapes): Assignment {
  return new AssignmentDraft(subscribers, topics).fill().finish();
}
