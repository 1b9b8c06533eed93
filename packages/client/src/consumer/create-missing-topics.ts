/** Has topics created that are wanted and missing, where the brokers allow it (their `autoCreateTopics`). */

import { toSluiceError } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import type { ClientDependencies } from "../client-dependencies.js";

/** Never rejects: a topic that is still missing is told by whoever needs it. */
export async function createMissingTopics(
  topics: readonly string[],
  { connections, metadata, logger }: Pick<ClientDependencies, "connections" | "metadata" | "logger">,
  signal: AbortSignal,
): Promise<void> {
  const missing = topics.filter((topic) => metadata.topic(topic) === undefined);
  if (missing.length === 0) return;
  try {
    const request = { topics: missing, brokersOnly: false, createMissing: true };
    await connections.callAny(clusterService.describe, request, { signal });
  } catch (error) {
    logger.debug({ topics: missing, error: toSluiceError(error) }, "could not ask for missing topics");
  }
}
