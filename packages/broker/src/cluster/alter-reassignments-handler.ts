/** Cluster.AlterReassignments: begins and cancels moves of replicas, and answers when this broker's image shows them. */

import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService, toWireError } from "@sluice/protocol";
import type { ReassignmentAdmin } from "./reassignment-admin.js";
import { readBrokerId } from "./wire-broker-id.js";

/** Serves Cluster.AlterReassignments. What is refused has its error in band. */
export function serveAlterReassignments(dependencies: { readonly reassignments: ReassignmentAdmin }): ServedMethod {
  const { reassignments } = dependencies;
  return serveUnary(clusterService.alterReassignments, async ({ reassignments: wanted, validateOnly }) => {
    const wishes = wanted.map((wish) => ({ ...wish, replicas: wish.replicas.map(readBrokerId) }));
    const errors = await reassignments.alter(wishes, { validateOnly });
    const results = wishes.map(({ topic, partition }, index) => {
      const error = errors[index];
      return { topic, partition, error: error === undefined ? null : toWireError(error) };
    });
    return { results };
  });
}
