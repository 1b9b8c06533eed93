/** Cluster.CreateTopic: creates a topic, and answers when this broker knows a leader for each of its partitions. */

import type { ImageWatcher } from "@sluice/coordination";
import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import { toWireTopic } from "./metadata.js";
import type { TopicAdmin } from "./topic-admin.js";

export interface CreateTopicDependencies {
  readonly topicAdmin: TopicAdmin;
  readonly images: ImageWatcher;
  /** Resolves when this broker serves what it leads of the topic: a request made after the answer finds its partitions open. */
  rolesTaken?(topic: string): Promise<void>;
}

/** Serves Cluster.CreateTopic. The topic of a request that only validates has no id. */
export function serveCreateTopic(dependencies: CreateTopicDependencies): ServedMethod {
  const { topicAdmin, images } = dependencies;
  return serveUnary(clusterService.createTopic, async ({ validateOnly, ...options }, { signal }) => {
    if (!validateOnly) {
      const topic = await topicAdmin.createTopic(options, signal);
      await dependencies.rolesTaken?.(topic.name);
      return { topic: toWireTopic(topic, images.image) };
    }
    return { topic: { ...toWireTopic(await topicAdmin.validateTopic(options, signal), images.image), id: "" } };
  });
}
