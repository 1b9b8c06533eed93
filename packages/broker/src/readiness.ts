/** Whether a broker can serve at this moment, as the sum of what has to be true. */

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
}

/** Reads all sources and says what is missing. */
export function readReadiness(sources: ReadinessSources): Readiness {
  const missing: string[] = [];
  if (!sources.isServing()) missing.push("the broker is starting or stopping");
  if (!sources.isRegistered()) missing.push("it is not registered in the cluster");
  if (!sources.isImageApplied()) missing.push("it has not seen its registration yet");
  const rolesPending = sources.rolesPending();
  if (rolesPending > 0) missing.push(`${rolesPending} partitions are being opened`);
  return { isReady: missing.length === 0, missing };
}
