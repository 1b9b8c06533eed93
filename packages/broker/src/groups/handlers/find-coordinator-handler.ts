/** Groups.FindCoordinator: which broker coordinates a group, as far as this one knows. */

import { groupName, type ServedMethod, serveUnary } from "@sluice/model";
import { groupsService } from "@sluice/protocol";
import type { GroupCoordinator } from "../group-coordinator.js";

/** Serves Groups.FindCoordinator. */
export function serveFindCoordinator(dependencies: { readonly coordinator: GroupCoordinator }): ServedMethod {
  return serveUnary(groupsService.findCoordinator, async ({ group }) => {
    const broker = dependencies.coordinator.coordinatorOf(groupName(group));
    return { brokerIdPlusOne: broker === undefined ? 0 : broker + 1 };
  });
}
