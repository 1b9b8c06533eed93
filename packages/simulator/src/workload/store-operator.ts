/** An operator who has the cluster go on with a store that was restored from a backup, as `sluice cluster adopt-restore` does. */

import { type Clock, sleep } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import type { ClusterSession } from "./cluster-session.js";

export interface StoreOperatorDependencies {
  readonly session: ClusterSession;
  readonly clock: Clock;
  /** Whether the cluster works with its store, as far as anybody has noticed. */
  readonly isStoreTrusted: () => boolean;
}

const callTimeoutMs = 3000;
/** Between two looks at the cluster, in milliseconds. */
const pauseMs = 500;

export class StoreOperator {
  readonly #dependencies: StoreOperatorDependencies;
  #isAtWork = false;

  constructor(dependencies: StoreOperatorDependencies) {
    this.#dependencies = dependencies;
  }

  /** Begins after that time, and from then on adopts every store that was restored, as often as it takes. */
  async begin(afterMs: number): Promise<void> {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    const { clock, isStoreTrusted } = this.#dependencies;
    await sleep(clock, afterMs);
    for (;;) {
      if (!isStoreTrusted()) await this.#adopt();
      await sleep(clock, pauseMs);
    }
  }

  async #adopt(): Promise<void> {
    const connection = this.#dependencies.session.anyBroker();
    try {
      await connection.call(clusterService.adoptRestore, {}, { timeoutMs: callTimeoutMs });
    } catch {
      // A broker is not there, or has not ended its work with the store as it was: the operator tries again.
    }
  }
}
