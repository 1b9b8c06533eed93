/** Cluster.PlanReassignments: moves that would empty a broker, or spread everything evenly, and what they would cost. */

import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import type { ReassignmentAdmin } from "./reassignment-admin.js";
import { readBrokerIdPlusOne } from "./wire-broker-id.js";

/** Serves Cluster.PlanReassignments. */
export function servePlanReassignments(dependencies: { readonly reassignments: ReassignmentAdmin }): ServedMethod {
  const { reassignments } = dependencies;
  return serveUnary(clusterService.planReassignments, async ({ drainBrokerIdPlusOne, topics }) => {
    const drained = readBrokerIdPlusOne(drainBrokerIdPlusOne);
    const { moves, ...cost } = await reassignments.plan({ drained, topics });
    const wanted = moves.map(({ topic, partition, replicas }) => ({ topic, partition, replicas: [...replicas] }));
    return { reassignments: wanted, ...cost };
  });
}
