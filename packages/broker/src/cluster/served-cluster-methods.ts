/** Methods of the Cluster service that look after where replicas and leaders are, and the watch of all of it. */

import type { ImageWatcher } from "@sluice/coordination";
import type { BrokerId, ServedMethod } from "@sluice/model";
import type { OpenStreams } from "../handlers/open-streams.js";
import { serveAdoptRestore } from "./adopt-restore-handler.js";
import { serveAlterReassignments } from "./alter-reassignments-handler.js";
import { serveDescribeReassignments } from "./describe-reassignments-handler.js";
import { serveElectLeaders } from "./elect-leaders-handler.js";
import { LeaderElections, type LeaderElectionsDependencies } from "./leader-elections.js";
import { servePlanReassignments } from "./plan-reassignments-handler.js";
import { ReassignmentAdmin } from "./reassignment-admin.js";
import { RestoreAdoption, type RestoreAdoptionDependencies } from "./restore-adoption.js";
import { serveSetBrokerDrained } from "./set-broker-drained-handler.js";
import { serveWatchCluster } from "./watch-cluster-handler.js";

export interface ServedClusterMethodsOptions {
  readonly brokerId: BrokerId;
  /** Name of the listener at which they are served. Empty: the only one. */
  readonly listener: string;
}

export interface ServedClusterMethodsDependencies extends LeaderElectionsDependencies, RestoreAdoptionDependencies {
  readonly internalClient: LeaderElectionsDependencies["internalClient"] &
    RestoreAdoptionDependencies["internalClient"];
  readonly images: ImageWatcher;
  readonly streams: OpenStreams;
}

export function servedClusterMethods(
  { brokerId, listener }: ServedClusterMethodsOptions,
  dependencies: ServedClusterMethodsDependencies,
): ServedMethod[] {
  const { images } = dependencies;
  const elections = new LeaderElections({ brokerId }, dependencies);
  const reassignments = new ReassignmentAdmin({ ...dependencies, elections });
  return [
    serveWatchCluster({ ...dependencies, listener }),
    serveElectLeaders({ images, elections }),
    serveAlterReassignments({ reassignments }),
    serveDescribeReassignments({ images }),
    servePlanReassignments({ reassignments }),
    serveSetBrokerDrained(dependencies),
    serveAdoptRestore({ adoption: new RestoreAdoption(dependencies) }),
  ];
}
