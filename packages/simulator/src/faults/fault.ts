/** Everything that can go wrong in a simulation, as data: a plan is drawn from the seed before the run, and can be cut down after it. */

import type { DiskFailure } from "../disk/machine-disk.js";

export type Fault =
  /** kill -9 of some brokers at one moment. */
  | { readonly type: "kill"; readonly brokers: readonly number[]; readonly downMs: number }
  /** Power loss of some machines at one moment. */
  | { readonly type: "powerLoss"; readonly brokers: readonly number[]; readonly downMs: number }
  /** Power loss in the middle of a disk operation to come. */
  | { readonly type: "powerLossInWrite"; readonly broker: number; readonly operations: number; readonly downMs: number }
  /** A broker ends, and the process that is started next is killed in the middle of a disk operation of its start. */
  | {
      readonly type: "killInStart";
      readonly broker: number;
      readonly hasPowerLoss: boolean;
      readonly operations: number;
      readonly downMs: number;
    }
  /** A broker ends, and the process that is started next is killed after it has registered, probably before it takes part. */
  | {
      readonly type: "killWhileFenced";
      readonly broker: number;
      readonly hasPowerLoss: boolean;
      readonly afterMs: number;
      readonly downMs: number;
    }
  /** A clean stop, and a start afterwards. */
  | { readonly type: "stop"; readonly broker: number; readonly downMs: number }
  | { readonly type: "pause"; readonly broker: number; readonly durationMs: number }
  /** Nothing gets from one host to another. */
  | {
      readonly type: "cut";
      readonly from: string;
      readonly to: string;
      readonly isBothWays: boolean;
      readonly durationMs: number;
    }
  /** A broker is cut from everything. */
  | { readonly type: "isolate"; readonly broker: number; readonly durationMs: number }
  | {
      readonly type: "clog";
      readonly from: string;
      readonly to: string;
      readonly delayMs: number;
      readonly durationMs: number;
    }
  | { readonly type: "reset"; readonly one: string; readonly other: string }
  /** etcd has no quorum. */
  | { readonly type: "quorumLoss"; readonly durationMs: number }
  /** Answers of etcd are lost though what was asked is done. */
  | { readonly type: "answerLoss"; readonly probability: number; readonly durationMs: number }
  /** etcd forgets its history. */
  | { readonly type: "compaction" }
  /** An operator backs etcd up, restores that after `ageMs` or more, and some time later has the cluster go on with it. */
  | { readonly type: "storeRestore"; readonly ageMs: number; readonly adoptAfterMs: number }
  | { readonly type: "watchBreak"; readonly broker: number }
  | { readonly type: "wallClockJump"; readonly broker: number; readonly errorMs: number }
  /** The machine comes back with an empty disk. */
  | { readonly type: "diskLoss"; readonly broker: number; readonly downMs: number }
  /** The disk takes so many bytes more, and no others for a while. */
  | { readonly type: "diskFull"; readonly broker: number; readonly roomBytes: number; readonly durationMs: number }
  /** The disk fails, until the machine gets another one: an empty one, or one with all that could be read of it. */
  | {
      readonly type: "diskFailure";
      readonly broker: number;
      readonly operation: DiskFailure;
      readonly isCopied: boolean;
      readonly durationMs: number;
      readonly downMs: number;
    }
  /** A bit turns around in a batch that was long durable; some time later an operator has the disk replaced or the file repaired. */
  | {
      readonly type: "bitRot";
      readonly broker: number;
      readonly place: number;
      readonly durationMs: number;
      readonly downMs: number;
    }
  /** The disk is copied, for `diskRestore`. */
  | { readonly type: "diskCopy"; readonly broker: number }
  /** The machine comes back with the copy of its disk. */
  | { readonly type: "diskRestore"; readonly broker: number; readonly downMs: number };

export type FaultType = Fault["type"];

export interface PlannedFault {
  /** Milliseconds after the workload began. */
  readonly atMs: number;
  readonly fault: Fault;
}

/** One line for a person. */
export function faultText(fault: Fault): string {
  const { type, ...details } = fault;
  const parts = Object.entries(details).map(([name, value]) => {
    const text = typeof value === "number" ? String(Math.round(value * 100) / 100) : String(value);
    return `${name}=${text}`;
  });
  return [type, ...parts].join(" ");
}
