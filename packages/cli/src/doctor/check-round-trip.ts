/** Check of the whole way: a record into a temporary topic, to every partition and thus to every broker that leads one, and back. */

import type { Sluice } from "@sluice/client";
import { withTemporaryTopic } from "../benchmarks/temporary-topic.js";
import type { CommandContext } from "../command-context.js";
import { describeFailure } from "../describe-failure.js";
import { type Check, fail, ok } from "./check.js";

/** @param brokers how many there are: so many partitions, one of each */
export async function checkRoundTrip(client: Sluice, brokers: number, context: CommandContext): Promise<Check> {
  const partitions = Math.max(1, brokers);
  const startMs = performance.now();
  try {
    await withTemporaryTopic(client, { prefix: "sluice-doctor", partitions }, context, async (topic) => {
      const messages = Array.from({ length: partitions }, (_, partition) => ({
        partition,
        value: `check ${partition}`,
      }));
      await client.producer().send({ topic, messages });
      const found = new Set<string>();
      for await (const { value } of client.consumer().read({ topic, signal: context.signal })) found.add(String(value));
      const lost = messages.filter(({ value }) => !found.has(value)).length;
      if (lost > 0) throw new Error(`${lost} of ${messages.length} records did not come back.`);
    });
  } catch (error) {
    if (context.signal.aborted) throw error;
    const [message = "", next = ""] = describeFailure(error).text.split("\n");
    return fail("round-trip", `A record did not make its way through the cluster: ${message}`, next);
  }
  const ms = Math.round(performance.now() - startMs);
  return ok(
    "round-trip",
    `A topic was made, ${partitions} records written and read, and the topic deleted, in ${ms} ms`,
  );
}
