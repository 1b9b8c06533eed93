/** Every method of the Groups service, in one list. */

import type { ServedMethod } from "@sluice/model";
import { serveCommitOffsets } from "./handlers/commit-offsets-handler.js";
import { serveDeleteGroup } from "./handlers/delete-group-handler.js";
import { serveDeleteOffsets } from "./handlers/delete-offsets-handler.js";
import { serveDescribeGroup } from "./handlers/describe-group-handler.js";
import { serveFetchOffsets } from "./handlers/fetch-offsets-handler.js";
import { serveFindCoordinator } from "./handlers/find-coordinator-handler.js";
import { serveListGroups } from "./handlers/list-groups-handler.js";
import { type ResetOffsetsDependencies, serveResetOffsets } from "./handlers/reset-offsets-handler.js";
import { serveSession } from "./handlers/session-handler.js";

/** The methods that a coordinator answers. */
export function servedGroupMethods(dependencies: ResetOffsetsDependencies): ServedMethod[] {
  return [
    serveFindCoordinator(dependencies),
    serveSession(dependencies),
    serveCommitOffsets(dependencies),
    serveFetchOffsets(dependencies),
    serveListGroups(dependencies),
    serveDescribeGroup(dependencies),
    serveResetOffsets(dependencies),
    serveDeleteGroup(dependencies),
    serveDeleteOffsets(dependencies),
  ];
}
