/**
 * Where the logs of a leader and a follower part, found by epochs and their ends, and never by a high watermark (P1).
 *
 * The follower says at which offset and with which epoch its log ends. The leader answers with the largest epoch of its own log up
 * to that one, and where it ends there. If that is the same epoch and it does not end earlier, the logs agree: within one epoch
 * only its leader appends. Otherwise the follower cuts its log at the lower of both ends of the epoch that both may have, and asks
 * again with what is its last epoch then. One answer is not enough: after two fast changes of leader the follower may have epochs
 * that the leader has not, and the other way round (P2).
 *
 *     follower   1 1 1 | 2 2 | 4          asks (epoch 4, offset 6)
 *     leader     1 1 1 | 3 3 3 3 3        answers (3, 8); the follower has no 3: its largest up to 3 is 2, which ends at 5
 *     follower   1 1 1 | 2 2              asks (2, 5); the leader answers (1, 3); both have 1, which ends at 3 in both
 *     follower   1 1 1                    asks (1, 3): they agree
 *
 * Invariant: every answer that disagrees makes the follower's log shorter, so that it ends.
 */

import type { LeaderEpoch, Offset } from "@sluice/model";
import type { EpochEnd } from "./partition-event.js";

/** Where a log ends. */
export interface LogEnd {
  readonly endOffset: Offset;
  /** Epoch of its last batch; undefined: it has none. */
  readonly lastEpoch: LeaderEpoch | undefined;
}

/** What the leader's log is for the comparison. */
export interface LeaderLogBounds {
  readonly leaderEpoch: LeaderEpoch;
  /** Where a copy of it begins. */
  readonly copyStartOffset: Offset;
  readonly logEndOffset: Offset;
}

/**
 * What the leader answers.
 *
 * `agree`: what the follower has is a part of the leader's log, or nothing. `outOfRange`: it is to begin again where a copy of the
 * leader's log begins. `diverge`: its log is to be cut.
 */
export type LogComparison =
  | { readonly type: "agree" }
  | { readonly type: "outOfRange" }
  | { readonly type: "diverge"; readonly epochEnd: EpochEnd };

/**
 * Compares a follower's log with the leader's.
 * @param epochEnd the largest epoch of the leader's log up to the follower's last, and where it ends; undefined: it has no batch
 */
export function compareWithLeader(
  follower: LogEnd,
  leader: LeaderLogBounds,
  epochEnd: EpochEnd | undefined,
): LogComparison {
  const { endOffset, lastEpoch } = follower;
  if (lastEpoch !== undefined && epochEnd !== undefined) {
    const isSame = epochEnd.epoch === lastEpoch && endOffset <= epochEnd.endOffset;
    if (!isSame) return { type: "diverge", epochEnd };
  } else if (endOffset > leader.logEndOffset) {
    // One of the logs has no batch, so that no epoch can be compared: nothing beyond the leader's end is the leader's.
    const epoch = lastEpoch ?? leader.leaderEpoch;
    return { type: "diverge", epochEnd: { epoch, endOffset: leader.logEndOffset } };
  }
  // Records that all lie below the leader's log cannot be compared with it: they may be others than the leader has deleted there.
  const isCompared = lastEpoch === undefined ? endOffset >= leader.copyStartOffset : endOffset > leader.copyStartOffset;
  return { type: isCompared ? "agree" : "outOfRange" };
}

/**
 * Where the follower's log is to end, by the leader's answer. Undefined: it would not get shorter, so the answer was to something else.
 * @param ownEnd the largest epoch of the follower's log up to that of `leaderEnd`, and where it ends; undefined: it has no batch
 */
export function truncationOffset(
  logEndOffset: Offset,
  leaderEnd: EpochEnd,
  ownEnd: EpochEnd | undefined,
): Offset | undefined {
  const cut = ownEnd !== undefined && ownEnd.endOffset < leaderEnd.endOffset ? ownEnd.endOffset : leaderEnd.endOffset;
  return cut < logEndOffset ? cut : undefined;
}
