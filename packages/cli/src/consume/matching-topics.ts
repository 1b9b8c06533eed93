/** The topics that the arguments of `sluice consume` name: by name, or as /pattern/. */

import type { Sluice } from "@sluice/client";
import { InputError } from "../command-context.js";
import { parsePattern } from "../command-options.js";

const pattern = /^\/(.+)\/$/;

/**
 * Names, each once. A pattern stands for the topics that match it now, without those that Sluice keeps for itself.
 * @throws InputError where a pattern matches none; SluiceError BROKER_UNREACHABLE
 */
export async function matchingTopics(client: Sluice, words: readonly string[]): Promise<readonly string[]> {
  const patterns = words.map((word) => pattern.exec(word)?.[1]);
  const known = patterns.some((each) => each !== undefined) ? await client.admin().listTopics() : [];
  const names = words.flatMap((word, index) => {
    const source = patterns[index];
    if (source === undefined) return [word];
    const matching = known.filter((name) => parsePattern(source).test(name));
    if (matching.length === 0)
      throw new InputError(`No topic matches ${word}.`, "'sluice topic list' shows what there is.");
    return matching;
  });
  return [...new Set(names)];
}
