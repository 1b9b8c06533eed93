/**
 * What the controller has to do, from the image alone: elect leaders, end moves, remove leftovers.
 *
 * Every transaction compares all that it was planned from, the controller's own term included: an image that is behind, or a controller
 * that was replaced, changes nothing. Whatever fails is planned again from the next image, so nothing is retried here.
 */

import type { TopicId } from "@sluice/model";
import type { ClusterImage } from "./cluster-image.js";
import { planElections } from "./elections-plan.js";
import type { SuspectedBrokers } from "./leader-election.js";
import { lastChangeOf, planLeftovers } from "./leftover-plan.js";
import { termStands } from "./partition-writes.js";
import type { PlannedCompare, PlannedTransaction } from "./planned-transaction.js";
import { planReassignmentFinishes } from "./reassignment-plan.js";

export interface ControllerWorkOptions {
  /** Term of the controller that acts. */
  readonly controllerEpoch: number;
  /**
   * Topic ids whose leftovers have lain so long that nobody works on them any more. Leftovers that are older than the term are removed
   * in any case: whoever made them would have to be slower than a change of controller. Default: none.
   */
  readonly abandoned?: ReadonlySet<TopicId> | undefined;
  /** An earlier image for which there was no work, so that only what changed since is looked at. */
  readonly settled?: ClusterImage | undefined;
  /** Brokers that lose what they lead though they are registered. Default: none. */
  readonly suspects?: SuspectedBrokers | undefined;
}

/** Elections, ends of moves and removals for the controller of that term; none where the image shows another one. */
export function planControllerWork(image: ClusterImage, options: ControllerWorkOptions): PlannedTransaction[] {
  const { controllerEpoch, abandoned = new Set() } = options;
  if (image.controller?.controllerEpoch !== controllerEpoch) return [];
  const term = termStands(controllerEpoch);
  return [
    ...planElections(image, options),
    ...planReassignmentFinishes(image, options),
    ...planRemovals(image, term, abandoned),
  ];
}

/** Younger leftovers may be a creation under way: they are removed when they are abandoned, or by the next controller. */
function planRemovals(
  image: ClusterImage,
  term: PlannedCompare,
  abandoned: ReadonlySet<TopicId>,
): PlannedTransaction[] {
  const plans: PlannedTransaction[] = [];
  for (const [topicId, partitions] of image.unlistedPartitions) {
    const isOlder = lastChangeOf(partitions) < term.equals;
    if (isOlder || abandoned.has(topicId)) plans.push(...planLeftovers(image, topicId, [term]));
  }
  return plans;
}
