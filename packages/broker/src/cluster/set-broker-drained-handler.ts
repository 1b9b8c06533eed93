/** Cluster.SetBrokerDrained: marks a broker as drained, or takes the mark away, and answers when this broker goes by it. */

import { planBrokerDrain } from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import { readBrokerId } from "./wire-broker-id.js";

export interface SetBrokerDrainedDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
}

/** Serves Cluster.SetBrokerDrained. */
export function serveSetBrokerDrained({ store, images }: SetBrokerDrainedDependencies): ServedMethod {
  return serveUnary(clusterService.setBrokerDrained, async ({ brokerId: id, drained }, { signal }) => {
    const plan = planBrokerDrain(images.image, { broker: readBrokerId(id), isDrained: drained });
    if (plan !== undefined) {
      const { revision } = await store.transact(plan.compares, plan.operations);
      await images.waitFor((image) => image.revision >= revision, signal);
    }
    return {};
  });
}
