/** Groups.CommitOffsets: stores offsets, all or none, and answers when they are durable. */

import { groupName, type ServedMethod, serveUnary } from "@sluice/model";
import { groupsService } from "@sluice/protocol";
import type { GroupCoordinator } from "../group-coordinator.js";
import { fromWireCommits } from "../wire-offsets.js";

/** Serves Groups.CommitOffsets. A commit from outside, without member, makes the group where it does not exist. */
export function serveCommitOffsets(dependencies: { readonly coordinator: GroupCoordinator }): ServedMethod {
  return serveUnary(groupsService.commitOffsets, async (request) => {
    const offsets = fromWireCommits(request.offsets);
    const runtime = dependencies.coordinator.findOrCreate(groupName(request.group));
    await runtime.commit({
      memberId: request.memberId === "" ? undefined : request.memberId,
      generation: request.generationPlusOne > 0 ? request.generationPlusOne - 1 : undefined,
      offsets,
    });
    return {};
  });
}
