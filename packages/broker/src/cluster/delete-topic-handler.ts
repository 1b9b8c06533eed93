/** Cluster.DeleteTopic: deletes a topic with its records, and answers when this broker no longer shows it. */

import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import type { TopicAdmin } from "./topic-admin.js";

/** Serves Cluster.DeleteTopic. */
export function serveDeleteTopic(dependencies: { readonly topicAdmin: TopicAdmin }): ServedMethod {
  return serveUnary(clusterService.deleteTopic, async ({ name }, { signal }) => {
    await dependencies.topicAdmin.deleteTopic(name, signal);
    return {};
  });
}
