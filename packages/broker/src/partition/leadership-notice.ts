/** Tells one listener when this broker begins and ceases to lead a partition: each beginning once, and its end once. */

import type { LeaderEpoch } from "@sluice/model";

export interface LeadershipObserver<Partition> {
  onLeading(partition: Partition, leaderEpoch: LeaderEpoch): void;
  onResigned(partition: Partition): void;
}

export class LeadershipNotice<Partition> {
  readonly #partition: Partition;
  readonly #observer: LeadershipObserver<Partition>;
  /** The observer has been told that this broker leads, and not yet that it does not. */
  #isTold = false;

  constructor(partition: Partition, observer: LeadershipObserver<Partition>) {
    this.#partition = partition;
    this.#observer = observer;
  }

  /** Whether the last thing that was told is that this broker leads. */
  get isTold(): boolean {
    return this.#isTold;
  }

  tellLeading(leaderEpoch: LeaderEpoch): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#observer.onLeading(this.#partition, leaderEpoch);
  }

  tellResigned(): void {
    if (!this.#isTold) return;
    this.#isTold = false;
    this.#observer.onResigned(this.#partition);
  }
}
