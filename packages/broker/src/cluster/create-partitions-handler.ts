/** Cluster.CreatePartitions: gives a topic more partitions, and answers when this broker knows a leader for each of them. */

import type { ImageWatcher } from "@sluice/coordination";
import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import { toWireTopic } from "./metadata.js";
import type { TopicAdmin } from "./topic-admin.js";

export interface CreatePartitionsDependencies {
  readonly topicAdmin: TopicAdmin;
  readonly images: ImageWatcher;
  /** Resolves when this broker serves what it leads of the topic: a request made after the answer finds its partitions open. */
  rolesTaken?(topic: string): Promise<void>;
}

/** Serves Cluster.CreatePartitions. A request that only validates is answered with the topic as it would be. */
export function serveCreatePartitions(dependencies: CreatePartitionsDependencies): ServedMethod {
  const { topicAdmin, images } = dependencies;
  return serveUnary(clusterService.createPartitions, async ({ validateOnly, ...options }, { signal }) => {
    if (validateOnly) return { topic: toWireTopic(await topicAdmin.validatePartitions(options, signal), images.image) };
    const topic = await topicAdmin.addPartitions(options, signal);
    await dependencies.rolesTaken?.(topic.name);
    return { topic: toWireTopic(topic, images.image) };
  });
}
