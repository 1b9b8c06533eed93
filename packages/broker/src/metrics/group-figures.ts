/** Counts the consumer groups of a coordinator, for metrics. */

import { isSluiceError } from "@sluice/model";
import type { GroupCoordinator } from "../groups/group-coordinator.js";
import type { GroupFigures } from "./broker-metrics.js";

/** Groups and members; none while the groups are still being read from the log. */
export function groupFigures(coordinator: Pick<GroupCoordinator, "list"> | undefined): GroupFigures {
  const byState = new Map<string, number>();
  let members = 0;
  let pending = 0;
  for (const { view, pendingCount } of groupsOf(coordinator)) {
    pending += pendingCount;
    byState.set(view.state, (byState.get(view.state) ?? 0) + 1);
    members += view.membership.members.length;
  }
  return { byState, members, pending };
}

function groupsOf(coordinator: Pick<GroupCoordinator, "list"> | undefined): ReturnType<GroupCoordinator["list"]> {
  try {
    return coordinator?.list() ?? [];
  } catch (error) {
    if (isSluiceError(error, "COORDINATOR_LOADING") || isSluiceError(error, "BROKER_STOPPING")) return [];
    throw error;
  }
}
