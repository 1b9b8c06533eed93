/** An administrator who lowers and raises `min.insync.replicas` of a topic between 1 and 2 while the cluster works. */

import { type Clock, sleep } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import type { Chance } from "../kernel/chance.js";
import type { ClusterSession } from "./cluster-session.js";

export interface SettingsChangerDependencies {
  readonly session: ClusterSession;
  readonly clock: Clock;
  readonly chance: Chance;
}

const callTimeoutMs = 1000;

export class SettingsChanger {
  readonly #options: { readonly topic: string; readonly intervalMs: number };
  readonly #dependencies: SettingsChangerDependencies;
  #isStopped = false;

  /** @param options `intervalMs`: mean time between two changes, in milliseconds */
  constructor(
    options: { readonly topic: string; readonly intervalMs: number },
    dependencies: SettingsChangerDependencies,
  ) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** Changes the setting until `stop`. */
  async run(): Promise<void> {
    const { clock, chance, session } = this.#dependencies;
    while (!this.#isStopped) {
      await sleep(clock, chance.between(0, 2 * this.#options.intervalMs));
      const set = [{ key: "min.insync.replicas", value: String(chance.integer(1, 2)) }];
      const request = { name: this.#options.topic, set, reset: [], validateOnly: false };
      await session.untilAnswered((connection) =>
        connection.call(clusterService.alterTopicConfigs, request, { timeoutMs: callTimeoutMs }),
      );
    }
  }

  stop(): void {
    this.#isStopped = true;
  }
}
