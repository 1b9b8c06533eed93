/** Groups.FetchOffsets: what is committed. A group that does not exist has nothing committed. */

import type { PartitionOffset } from "@sluice/groups";
import { groupName, type ServedMethod, serveUnary } from "@sluice/model";
import { groupsService } from "@sluice/protocol";
import type { GroupCoordinator } from "../group-coordinator.js";
import { fromWirePartition, toWireOffset } from "../wire-offsets.js";

/** Serves Groups.FetchOffsets. */
export function serveFetchOffsets(dependencies: { readonly coordinator: GroupCoordinator }): ServedMethod {
  return serveUnary(groupsService.fetchOffsets, async ({ group, partitions }) => {
    const wanted = partitions.map(fromWirePartition);
    const view = dependencies.coordinator.find(groupName(group))?.view;
    if (view === undefined) return { offsets: [] };
    if (wanted.length === 0) return { offsets: view.offsets.map(toWireOffset) };
    const found = wanted.flatMap((partition): PartitionOffset[] => {
      const committed = view.committedOffset(partition);
      return committed === undefined ? [] : [{ ...partition, ...committed }];
    });
    return { offsets: found.map(toWireOffset) };
  });
}
