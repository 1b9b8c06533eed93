/** Groups.DeleteOffsets: forgets committed offsets of partitions that no member has, all or none, and answers when that is durable. */

import { groupName, type ServedMethod, serveUnary } from "@sluice/model";
import { groupsService } from "@sluice/protocol";
import type { GroupCoordinator } from "../group-coordinator.js";
import { checkPartitionCount, fromWirePartition } from "../wire-offsets.js";

/** Serves Groups.DeleteOffsets. A partition of which nothing is committed is as it was asked to be. */
export function serveDeleteOffsets(dependencies: { readonly coordinator: GroupCoordinator }): ServedMethod {
  return serveUnary(groupsService.deleteOffsets, async (request) => {
    checkPartitionCount(request.partitions);
    const partitions = request.partitions.map(fromWirePartition);
    await dependencies.coordinator.findOrThrow(groupName(request.group)).deleteOffsets(partitions);
    return {};
  });
}
