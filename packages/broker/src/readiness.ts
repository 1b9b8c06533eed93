/**
 * Whether a broker can serve at this moment, as the sum of what has to be true, and what else is wrong with it.
 *
 * What keeps it from serving makes it not ready: traffic should go elsewhere. What touches only some partitions is a problem of
 * a broker that is ready: taking it out of service would cost the others too.
 */

import type { SluiceError } from "@sluice/model";
import type { OfflineReplica } from "./partition/partition-registry.js";

/** Replicas that are named with what is wrong with them. */
const offlineNamedMax = 3;

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
  /** Replicas here that serve nothing: out of service, or set aside because their log is damaged. */
  replicasOffline(): readonly OfflineReplica[];
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
  const offline = sources.replicasOffline();
  const unnamed = offline.length - offlineNamedMax;
  const underReplicated = sources.partitionsUnderReplicated();
  return [
    ...offline.slice(0, offlineNamedMax).map(offlineText),
    ...(unnamed > 0 ? [`${countOf(unnamed, "more partition")} out of service here; the log says which, and why`] : []),
    ...(underReplicated > 0 ? [`${countOf(underReplicated, "partition")} led here without all replicas in sync`] : []),
  ];
}

/** Why it serves nothing and, where others have what it lacks, how it comes to it again. */
function offlineText({ topic, partition, failure, isReplicated }: OfflineReplica): string {
  const text = `${topic}-${partition} is out of service here: ${failure.message}`;
  if (!isReplicated || failure.code !== "PARTITION_QUARANTINED") return text;
  const command = `sluice partition reassign ${topic} --partition ${partition} --replicas`;
  return `${text} To copy it anew from the other replicas: '${command}' with only those and, when that is over, with this broker again.`;
}

function countOf(count: number, noun: string): string {
  return count === 1 ? `1 ${noun} is` : `${count} ${noun}s are`;
}
