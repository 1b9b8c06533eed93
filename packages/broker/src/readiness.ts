/**
 * Whether a broker can serve at this moment, as the sum of what has to be true, and what else is wrong with it.
 *
 * What keeps it from serving makes it not ready: traffic should go elsewhere. What touches only some partitions is a problem of
 * a broker that is ready: taking it out of service would cost the others too.
 */

import type { SluiceError } from "@sluice/model";

export interface Readiness {
  /** It serves everything that it should, but for what single partitions have. */
  readonly isReady: boolean;
  /** `starting` and `draining` say that it is not meant to be ready. */
  readonly status: "starting" | "ready" | "not ready" | "draining";
  /** What is not as it should be, in words, worst first. Empty: nothing. */
  readonly problems: readonly string[];
}

export interface ReadinessSources {
  /** Where the broker is in its life. */
  phase(): "starting" | "serving" | "draining";
  /** Why this broker takes no roles, whatever the cluster store says: it was restored from a backup. Undefined: it does. */
  restoredStore(): SluiceError | undefined;
  /** Registered in the cluster. */
  isRegistered(): boolean;
  /** Since its last word with the cluster store, less than its lease has passed. */
  isWithinDeadline(): boolean;
  /** It takes part: it may be elected. */
  isActive(): boolean;
  /** The image that was applied last shows this registration. */
  isImageApplied(): boolean;
  /** Partitions whose role was given to this broker and is not taken yet. */
  rolesPending(): number;
  /** Partitions that this broker leads and whose replicas are not all in sync. */
  partitionsUnderReplicated(): number;
  /** Partitions that this broker keeps and cannot serve: out of service, or set aside because their log is damaged. */
  partitionsOffline(): number;
  /** Why nothing can be written to the data directory now; undefined while it can. */
  diskProblem(): SluiceError | undefined;
  /** Why the cluster store in this process takes no changes now; undefined while it does, or is kept elsewhere. */
  storeProblem(): Error | undefined;
}

/** Reads all sources and says what is wrong. */
export function readReadiness(sources: ReadinessSources): Readiness {
  const phase = sources.phase();
  const blocking = blockingProblems(sources);
  const problems = [...blocking, ...partitionProblems(sources)];
  if (phase === "draining") return { isReady: false, status: "draining", problems: ["the broker is stopping"] };
  if (phase === "starting") {
    return { isReady: false, status: "starting", problems: ["the broker is starting", ...problems] };
  }
  const isReady = blocking.length === 0;
  return { isReady, status: isReady ? "ready" : "not ready", problems };
}

function blockingProblems(sources: ReadinessSources): string[] {
  const restored = sources.restoredStore();
  // What else is missing, follows from it.
  if (restored !== undefined) return [`${restored.message} ${restored.hint}`];
  const problems: string[] = [];
  const storeProblem = sources.storeProblem();
  if (storeProblem !== undefined) problems.push(`the cluster store takes no changes: ${storeProblem.message}`);
  const diskProblem = sources.diskProblem();
  if (diskProblem !== undefined) problems.push(diskProblem.message);
  if (!sources.isRegistered()) problems.push("it is not registered in the cluster: its lease was lost or never held");
  else if (!sources.isWithinDeadline()) {
    problems.push("it has not reached the cluster store for as long as its lease lasts: others may lead in its place");
  } else if (!sources.isActive()) problems.push("it is fenced: it has registered, and does not take part yet");
  else if (!sources.isImageApplied()) problems.push("it has not seen its registration yet");
  const rolesPending = sources.rolesPending();
  if (rolesPending > 0) problems.push(`${countOf(rolesPending, "partition")} being opened`);
  return problems;
}

function partitionProblems(sources: ReadinessSources): string[] {
  const offline = sources.partitionsOffline();
  const underReplicated = sources.partitionsUnderReplicated();
  return [
    ...(offline > 0 ? [`${countOf(offline, "partition")} out of service here; the log says which, and why`] : []),
    ...(underReplicated > 0 ? [`${countOf(underReplicated, "partition")} led here without all replicas in sync`] : []),
  ];
}

function countOf(count: number, noun: string): string {
  return count === 1 ? `1 ${noun} is` : `${count} ${noun}s are`;
}
