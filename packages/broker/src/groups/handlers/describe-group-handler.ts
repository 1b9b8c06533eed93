/** Groups.Describe: state, members and committed offsets of one group. */

import type { MemberValue } from "@sluice/groups";
import { groupName, type ServedMethod, serveUnary } from "@sluice/model";
import { type GroupMember, groupsService } from "@sluice/protocol";
import type { GroupCoordinator } from "../group-coordinator.js";
import { toWireOffset, toWirePartition } from "../wire-offsets.js";

/** Serves Groups.Describe. */
export function serveDescribeGroup(dependencies: { readonly coordinator: GroupCoordinator }): ServedMethod {
  return serveUnary(groupsService.describe, async (request) => {
    const { group, view } = dependencies.coordinator.findOrThrow(groupName(request.group));
    const { generation, assignor = "", members } = view.membership;
    return {
      group,
      state: view.state,
      generation,
      assignor,
      members: members.map(toWireMember),
      offsets: view.offsets.map(toWireOffset),
    };
  });
}

function toWireMember({ memberId, clientId, host, topics, owned, assigned }: MemberValue): GroupMember {
  return {
    memberId,
    clientId,
    host,
    owned: owned.map(toWirePartition),
    assigned: assigned.map(toWirePartition),
    topics: [...topics],
  };
}
