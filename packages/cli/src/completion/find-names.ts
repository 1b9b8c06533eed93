/**
 * Names of topics, groups and contexts, for a shell that waits while somebody types.
 *
 * Brokers have little time to answer, and there is one try: a completion that is late is worse than none.
 */

import { addressesOf, openBrokerCalls } from "../broker-calls.js";
import type { CommandContext } from "../command-context.js";
import type { WordKind } from "../command-list.js";
import { clusterAddress } from "../contexts/cluster-address.js";
import { contextPath, readContexts } from "../contexts/context-file.js";

/** Milliseconds for the brokers to answer, who need a tenth of that. What loading this program takes comes before. */
const answerTimeoutMs = 200;

/** @throws anything where the names cannot be found in time */
export async function findNames(
  kind: WordKind,
  words: readonly string[],
  context: CommandContext,
): Promise<readonly string[]> {
  if (kind === "context") return Object.keys((await readContexts(contextPath(context.env))).contexts);
  const address = { brokers: optionValue(words, "--brokers"), context: optionValue(words, "--context") };
  const { brokers } = await clusterAddress(address, context);
  // Without the client, which takes longer to load than the brokers to answer.
  const { loadProto, clusterService, groupsService } = await import("@sluice/protocol");
  // What the first call would load is loaded now: the time is for the brokers.
  loadProto();
  await using calls = await openBrokerCalls({
    timeoutMs: answerTimeoutMs,
    signal: AbortSignal.timeout(answerTimeoutMs),
  });
  const request = { topics: [], brokersOnly: kind === "group", createMissing: false };
  // The first that answers will do: all are asked at once, because there is no time to ask one after the other.
  const cluster = await Promise.any(
    addressesOf(brokers).map((each) => calls.call(each, clusterService.describe, request)),
  );
  if (kind === "topic") return cluster.topics.filter(({ internal }) => !internal).map(({ name }) => name);
  const lists = await Promise.all(cluster.brokers.map((each) => calls.call(each, groupsService.list, {})));
  return lists.flatMap(({ groups }) => groups.map(({ group }) => group)).sort();
}

/** The value that an option has among the words; undefined: it is not there. */
function optionValue(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  const assigned = words.find((word) => word.startsWith(`${option}=`));
  return at >= 0 ? words[at + 1] : assigned?.slice(option.length + 1);
}
