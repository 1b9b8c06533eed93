/** A cluster without brokers: a store, the image that follows it, and whoever plans from that image. For tests. */

import { brokerId, type TopicId, topicId, topicName } from "@sluice/model";
import { type ClusterImage, emptyImage } from "../cluster-image.js";
import { brokerKey, clusterKey, controllerKey, lastRegistrationKey } from "../cluster-keys.js";
import { formatClusterValue, formatControllerValue } from "../cluster-values.js";
import { planControllerWork } from "../controller-plan.js";
import { planBrokerDrain } from "../drain-plan.js";
import { applyStoreEvents } from "../image-delta.js";
import {
  type PartitionAddition,
  planPartitionAddition,
  planPartitionAdditionFinish,
} from "../partition-addition-plan.js";
import type { PlannedTransaction } from "../planned-transaction.js";
import { planRegistration, planUnfence } from "../registration-plan.js";
import { planTopicCreation, planTopicFinish, type TopicRequest } from "../topic-plan.js";
import { PlannedStore } from "./planned-store.js";

let idsMade = 0;
/** A topic id that was never used. */
export function newId(): TopicId {
  idsMade += 1;
  return topicId(`00000000-0000-4000-8000-${idsMade.toString(16).padStart(12, "0")}`);
}

/** A store with registered brokers, and the image that follows it. */
export class PlannedCluster {
  readonly store = new PlannedStore();
  #image: ClusterImage = emptyImage;

  constructor(brokers = 3) {
    this.store.put(clusterKey, formatClusterValue({ clusterId: "c" }));
    for (let id = 1; id <= brokers; id += 1) this.register(id);
  }

  get image(): ClusterImage {
    for (const { revision, changes } of this.store.history) {
      if (revision > this.#image.revision) this.#image = applyStoreEvents(this.#image, revision, changes);
    }
    return this.#image;
  }

  register(id: number, rack = ""): void {
    this.registerFenced(id, rack);
    const brokerEpoch = this.store.revision;
    if (!this.store.run(planUnfence({ id: brokerId(id), brokerEpoch }))) throw new Error(`broker ${id} stays fenced`);
  }

  registerFenced(id: number, rack = ""): void {
    const lastVersion = this.store.entries.get(lastRegistrationKey(brokerId(id)))?.modRevision ?? 0;
    const life = { incarnation: `life-${this.store.revision}`, leaseId: `lease-${id}`, lastVersion };
    const address = { host: "127.0.0.1", port: 9092 + id, rack, listeners: {} };
    this.stop(id);
    if (!this.store.run(planRegistration({ id: brokerId(id), ...life, ...address }))) throw new Error("not registered");
  }

  stop(id: number): void {
    this.store.delete(brokerKey(brokerId(id)));
  }

  /** Does nothing where it is so already. */
  drain(id: number, isDrained: boolean): void {
    const plan = planBrokerDrain(this.image, { broker: brokerId(id), isDrained });
    if (plan !== undefined) this.store.run(plan);
  }

  control(id: number): number {
    this.store.put(controllerKey, formatControllerValue({ brokerId: brokerId(id) }));
    return this.image.controller?.controllerEpoch ?? 0;
  }

  /** Runs chunks; returns the revision of the first. */
  prepare(planned: { readonly chunks: readonly PlannedTransaction[] }): number | undefined {
    let first: number | undefined;
    for (const chunk of planned.chunks) {
      if (!this.store.run(chunk)) throw new Error(`refused: ${chunk.purpose}`);
      first ??= this.store.revision;
    }
    return first;
  }

  create(request: Partial<TopicRequest> & { name: string }): boolean {
    const full = { partitions: 6, replicationFactor: 1, configs: [], ...request };
    const creation = planTopicCreation(this.image, full, newId());
    return this.store.run(planTopicFinish(creation, this.prepare(creation)));
  }

  planAddition(name: string, partitions: number): PartitionAddition {
    return planPartitionAddition(this.image, { name, partitions });
  }

  addPartitions(name: string, partitions: number): boolean {
    const addition = this.planAddition(name, partitions);
    return this.store.run(planPartitionAdditionFinish(addition, this.prepare(addition)));
  }

  work(epoch: number, abandoned?: ReadonlySet<TopicId>): boolean[] {
    return planControllerWork(this.image, { controllerEpoch: epoch, abandoned }).map((transaction) =>
      this.store.run(transaction),
    );
  }

  leaders(name: string): (number | undefined)[] {
    return this.image.topics.get(topicName(name))?.partitions.map((partition) => partition.leader) ?? [];
  }

  epochs(name: string): number[] {
    return this.image.topics.get(topicName(name))?.partitions.map((partition) => partition.leaderEpoch) ?? [];
  }
}
