/** Cluster.AlterTopicConfigs: changes settings of a topic, and answers with all of them when this broker goes by them. */

import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import { toWireConfigs } from "./metadata.js";
import type { TopicAdmin } from "./topic-admin.js";

/** Serves Cluster.AlterTopicConfigs. A request that only validates is answered with the settings as they would be. */
export function serveAlterTopicConfigs(dependencies: { readonly topicAdmin: TopicAdmin }): ServedMethod {
  const { topicAdmin } = dependencies;
  return serveUnary(clusterService.alterTopicConfigs, async ({ validateOnly, ...options }, { signal }) => {
    const settings = validateOnly
      ? await topicAdmin.validateConfigs(options, signal)
      : await topicAdmin.alterConfigs(options, signal);
    return { configs: toWireConfigs(settings) };
  });
}
