/** A scenario of a whole partition as text: what is done, which effects it has, and what each broker has then. */

import { brokerIds, ModelCluster, type ModelClusterOptions } from "./model-cluster.js";
import { logText } from "./model-healing.js";

export class ModelStory {
  readonly cluster: ModelCluster;
  readonly #lines: string[];

  constructor(scenario: string, options: ModelClusterOptions) {
    this.cluster = new ModelCluster(options);
    this.#lines = [scenario.trim(), ""];
  }

  get text(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  /** One chapter: does that, and says what came of it. */
  tell(text: string, happen: (cluster: ModelCluster) => void): void {
    this.cluster.lines.length = 0;
    happen(this.cluster);
    this.cluster.assertSafe();
    const { leader = "nobody", leaderEpoch, inSyncReplicas, eligibleLeaderReplicas } = this.cluster.store.partition;
    const eligible = eligibleLeaderReplicas.length === 0 ? "" : `, eligible ${eligibleLeaderReplicas}`;
    this.#lines.push(`* ${text}`, ...this.cluster.lines);
    this.#lines.push(`  store: ${leader} leads in epoch ${leaderEpoch}, in sync ${inSyncReplicas}${eligible}`);
    for (const id of brokerIds) this.#lines.push(this.#broker(id));
    this.#lines.push("");
  }

  #broker(id: number): string {
    const { machine, isRunning } = this.cluster.broker(id);
    const { roleEpoch, isLeader, highWatermark } = machine;
    const role = roleEpoch === undefined ? "has no role" : `${isLeader ? "leads" : "follows"} in epoch ${roleEpoch}`;
    const state = isRunning ? `${role}, high watermark ${highWatermark ?? "not known"}` : "is down";
    return `  broker ${id} ${state}: ${logText(this.cluster, id) || "no records"}`;
  }
}

/** Everything that a follower and its leader have to say to one another, and to write. */
export function replicate(cluster: ModelCluster, leader: number, follower: number): void {
  cluster.connect(follower, leader);
  for (let round = 0; round < 4; round += 1) {
    while (cluster.deliverUp(follower, leader)) cluster.settleLog(follower);
    cluster.send(leader, follower);
    while (cluster.deliverDown(leader, follower)) cluster.settleLog(follower);
    cluster.write(follower);
    cluster.flush(follower);
  }
}

/** The store decides what it was asked for, and whoever asked hears it. */
export function settleStore(cluster: ModelCluster): void {
  for (let count = cluster.store.requests.length; count > 0; count -= 1) {
    cluster.decide();
    cluster.answer();
  }
}
