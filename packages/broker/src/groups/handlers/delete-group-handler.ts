/** Groups.Delete: removes a group without members, with its committed offsets. */

import { groupName, type ServedMethod, serveUnary } from "@sluice/model";
import { groupsService } from "@sluice/protocol";
import type { GroupCoordinator } from "../group-coordinator.js";

/** Serves Groups.Delete. */
export function serveDeleteGroup(dependencies: { readonly coordinator: GroupCoordinator }): ServedMethod {
  return serveUnary(groupsService.delete, async ({ group }) => {
    await dependencies.coordinator.findOrThrow(groupName(group)).delete();
    return {};
  });
}
