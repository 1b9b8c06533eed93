/**
 * Which brokers a command asks. What is said nearest to the command wins:
 *
 *     --brokers, SLUICE_BROKERS, --context, SLUICE_CONTEXT, the current context, localhost:9092
 */

import type { CommandContext } from "../command-context.js";
import type { ClusterOptions } from "../command-options.js";
import { contextPath, readContexts } from "./context-file.js";
import { contextOrThrow } from "./edit-contexts.js";

/** Brokers, and where they were found. */
export interface ClusterAddress {
  /** As the client takes them: `host:port,host:port`. */
  readonly brokers: string;
  /** In words: "--brokers", "SLUICE_BROKERS", "context 'dev'", "the default". */
  readonly origin: string;
  /** Name of the context that was taken; undefined: none. */
  readonly context?: string;
}

/** Where nothing is said. */
export const defaultBrokers = "localhost:9092";

/** @throws UsageError where a context is named that does not exist; InputError where the file of contexts is broken */
export async function clusterAddress(
  options: Pick<ClusterOptions, "brokers" | "context">,
  context: Pick<CommandContext, "env">,
): Promise<ClusterAddress> {
  const { env } = context;
  if (options.brokers !== undefined) return { brokers: options.brokers, origin: "--brokers" };
  if (env.SLUICE_BROKERS) return { brokers: env.SLUICE_BROKERS, origin: "SLUICE_BROKERS" };
  const file = await readContexts(contextPath(env));
  const name = options.context ?? (env.SLUICE_CONTEXT || undefined) ?? file.current;
  if (name === undefined) return { brokers: defaultBrokers, origin: "the default" };
  return { brokers: contextOrThrow(file, name).brokers, origin: `context '${name}'`, context: name };
}
