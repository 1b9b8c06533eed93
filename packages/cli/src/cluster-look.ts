/** What a cluster and each of its brokers say of themselves. A broker that does not answer is part of the answer, not an error. */

import type { ClusterDescription, TopicMetadata } from "@sluice/client";
import { type SluiceError, toSluiceError } from "@sluice/model";
import type { DescribeBrokerResponse } from "@sluice/protocol";
import { openBrokerCalls } from "./broker-calls.js";
import type { CommandContext } from "./command-context.js";
import type { ClusterOptions } from "./command-options.js";
import { withClient } from "./with-client.js";

/** Milliseconds that one broker has, where --timeout says nothing. */
const brokerTimeoutMs = 5000;

export interface BrokerLook {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string;
  readonly isController: boolean;
  /** It is registered and takes no part yet. */
  readonly isFenced: boolean;
  /** Nothing new is placed on it. */
  readonly isDrained: boolean;
  /** Undefined: it did not answer. */
  readonly description?: DescribeBrokerResponse;
  /** Why it did not answer. */
  readonly error?: SluiceError;
  /** Milliseconds from the question to the answer. */
  readonly answerMs: number;
  /** Milliseconds that its clock is ahead of this machine's, give or take half of `answerMs`. */
  readonly clockAheadMs?: number;
}

export interface ClusterLook {
  readonly cluster: ClusterDescription;
  /** By name, internal ones too. */
  readonly topics: readonly TopicMetadata[];
  readonly brokers: readonly BrokerLook[];
}

/** @throws SluiceError where no broker answers at all */
export async function lookAtBrokers(options: ClusterOptions, context: CommandContext): Promise<ClusterLook> {
  const { cluster, topics } = await withClient(options, context, async (client) => {
    const admin = client.admin();
    return { cluster: await admin.describeCluster(), topics: (await admin.fetchTopicMetadata()).topics };
  });
  const timeoutMs = options.timeout ?? brokerTimeoutMs;
  await using calls = await openBrokerCalls({ timeoutMs, signal: context.signal });
  const { clusterService } = await import("@sluice/protocol");
  const brokers = await Promise.all(
    cluster.brokers.map(async ({ nodeId, host, port, ...rest }): Promise<BrokerLook> => {
      const broker = { id: nodeId, host, port, ...rest, isController: nodeId === cluster.controller };
      const askedMs = Date.now();
      const startMs = performance.now();
      try {
        const description = await calls.call({ host, port }, clusterService.describeBroker, {});
        const answerMs = performance.now() - startMs;
        return { ...broker, description, answerMs, clockAheadMs: description.nowMs - (askedMs + answerMs / 2) };
      } catch (error) {
        return { ...broker, error: toSluiceError(error), answerMs: performance.now() - startMs };
      }
    }),
  );
  return { cluster, topics, brokers };
}
