/** Whether a broker can serve at this moment, as the sum of what has to be true. */

import type { SluiceError } from "@sluice/model";
import type { Readiness } from "./http-routes.js";

export interface ReadinessSources {
  /** The broker has started, and is not stopping. */
  isServing(): boolean;
  /** Registered in the cluster, within its lease. */
  isRegistered(): boolean;
  /** The image that was applied last shows this registration. */
  isImageApplied(): boolean;
  /** Partitions whose role was given to this broker and is not taken yet. */
  rolesPending(): number;
  /** Why nothing can be written to the data directory now; undefined while it can. */
  diskProblem(): SluiceError | undefined;
  /** Why the cluster store that this broker keeps takes no changes now; undefined while it does, or is kept elsewhere. */
  storeProblem(): Error | undefined;
}

/** Reads all sources and says what is missing. */
export function readReadiness(sources: ReadinessSources): Readiness {
  const missing: string[] = [];
  if (!sources.isServing()) missing.push("the broker is starting or stopping");
  if (!sources.isRegistered()) missing.push("it is not registered in the cluster");
  if (!sources.isImageApplied()) missing.push("it has not seen its registration yet");
  const rolesPending = sources.rolesPending();
  if (rolesPending > 0) missing.push(`${rolesPending} partitions are being opened`);
  const diskProblem = sources.diskProblem();
  if (diskProblem !== undefined) missing.push(diskProblem.message);
  const storeProblem = sources.storeProblem();
  if (storeProblem !== undefined) missing.push(`the cluster store takes no changes: ${storeProblem.message}`);
  return { isReady: missing.length === 0, missing };
}
