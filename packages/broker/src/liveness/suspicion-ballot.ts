/**
 * Which brokers a majority takes for gone or silent: what acting on a suspicion needs.
 *
 * A majority of the brokers registered in the cluster store, the suspect counted among them but not voting: so a broker that is cut
 * off from the others deposes nobody. In a cluster of two the other one's opinion is all there is: only *gone* counts then, since a
 * silence may be the observer's own.
 *
 * Each report replaces the reporter's last one, and counts for a while only. Synchronous; reads no clock.
 */

import type { BrokerId } from "@sluice/model";
import type { PeerLife, Suspicion } from "./failure-detector.js";

/** What one broker suspects. */
export interface SuspicionReport {
  readonly reporter: PeerLife;
  readonly suspects: readonly Suspicion[];
}

interface Vote extends SuspicionReport {
  readonly atMs: number;
}

/** For how long a report counts, in milliseconds: it is repeated more often than that. */
export const voteMsMax = 1500;

export class SuspicionBallot {
  readonly #votes = new Map<BrokerId, Vote>();

  /** Takes note of a report. `nowMs` is monotonic. */
  report(report: SuspicionReport, nowMs: number): void {
    const { broker } = report.reporter;
    if (report.suspects.length === 0) this.#votes.delete(broker);
    else this.#votes.set(broker, { ...report, atMs: nowMs });
  }

  /**
   * The lives that enough of the registered brokers suspect.
   * @param registered by id, the brokerEpoch of every registered broker, the one that asks among them
   */
  agreed(registered: ReadonlyMap<BrokerId, number>, nowMs: number): PeerLife[] {
    const agreed: PeerLife[] = [];
    for (const [broker, brokerEpoch] of registered) {
      const votes = this.#votesAgainst({ broker, brokerEpoch }, registered, nowMs);
      if (isEnough(votes, registered.size)) agreed.push({ broker, brokerEpoch });
    }
    return agreed;
  }

  #votesAgainst(suspect: PeerLife, registered: ReadonlyMap<BrokerId, number>, nowMs: number): Suspicion[] {
    const votes: Suspicion[] = [];
    for (const [voter, { reporter, suspects, atMs }] of this.#votes) {
      const isCounted = registered.get(voter) === reporter.brokerEpoch && nowMs - atMs <= voteMsMax;
      if (!isCounted || voter === suspect.broker) continue;
      const vote = suspects.find(
        ({ broker, brokerEpoch }) => broker === suspect.broker && brokerEpoch === suspect.brokerEpoch,
      );
      if (vote !== undefined) votes.push(vote);
    }
    return votes;
  }
}

function isEnough(votes: readonly Suspicion[], registeredCount: number): boolean {
  if (registeredCount === 2) return votes.some(({ isGone }) => isGone);
  return votes.length > registeredCount / 2;
}
