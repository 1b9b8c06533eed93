/** A topic for the time of one benchmark or check, removed afterwards whatever happens. */

import { randomUUID } from "node:crypto";
import type { Sluice } from "@sluice/client";
import { isSluiceError } from "@sluice/model";
import type { CommandContext } from "../command-context.js";

export interface TemporaryTopicOptions {
  /** What the name begins with. */
  readonly prefix: string;
  readonly partitions: number;
  readonly replicationFactor?: number | undefined;
}

/**
 * Makes a topic, does the work, and deletes the topic: also where the work fails or the command is stopped meanwhile. A topic that cannot
 * be deleted is named on standard error, with the command that deletes it.
 */
export async function withTemporaryTopic<Result>(
  client: Sluice,
  options: TemporaryTopicOptions,
  context: CommandContext,
  work: (topic: string) => Promise<Result>,
): Promise<Result> {
  const topic = `${options.prefix}-${randomUUID().slice(0, 8)}`;
  const admin = client.admin();
  const { partitions: numPartitions, replicationFactor } = options;
  context.signal.throwIfAborted();
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor }] });
    return await work(topic);
  } finally {
    await admin.deleteTopics({ topics: [topic] }).catch(async (error: unknown) => {
      // It was never made: there is nothing to remove.
      if (isSluiceError(error, "UNKNOWN_TOPIC")) return;
      await context.stderr.write(
        `The temporary topic ${topic} is left behind: ${(error as Error).message}\nRun 'sluice topic delete ${topic} --yes' when the cluster answers.\n`,
      );
    });
  }
}
