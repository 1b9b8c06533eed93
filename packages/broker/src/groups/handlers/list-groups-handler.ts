/** Groups.List: the groups that this broker coordinates. */

import { type ServedMethod, serveUnary } from "@sluice/model";
import { groupsService } from "@sluice/protocol";
import type { GroupCoordinator } from "../group-coordinator.js";

/** Serves Groups.List. Refused with COORDINATOR_LOADING while some groups are not known yet: a short list would look whole. */
export function serveListGroups(dependencies: { readonly coordinator: GroupCoordinator }): ServedMethod {
  return serveUnary(groupsService.list, async () => {
    const groups = dependencies.coordinator.list();
    return {
      groups: groups.map(({ group, view }) => ({ group, state: view.state, members: view.membership.members.length })),
    };
  });
}
