/** Gathers what the settings of a broker are made of: the file, the environment, and the files that the environment names. */

import { readFile } from "node:fs/promises";
import { type BrokerConfigSources, type ValueFile, valueFilePaths } from "@sluice/broker";
import type { CommandContext } from "../command-context.js";

/**
 * Reads everything; what cannot be read of the files that variables name is a problem of the settings, and told with the others.
 * @param given.path of the YAML file; undefined: there is none
 * @throws errors of the file system where the YAML file cannot be read
 */
export async function readBrokerSources(
  given: { readonly path: string | undefined; readonly flags: Readonly<Record<string, unknown>> },
  context: Pick<CommandContext, "env">,
): Promise<BrokerConfigSources> {
  const { path, flags } = given;
  const file = path === undefined ? undefined : { path, text: await readFile(path, "utf8") };
  const paths = valueFilePaths(context.env);
  const read = await Promise.all(paths.map(async (each) => [each.variable, await readValueFile(each.path)] as const));
  return { flags, environment: context.env, valueFiles: new Map(read), file };
}

async function readValueFile(path: string): Promise<ValueFile> {
  try {
    return { path, text: await readFile(path, "utf8") };
  } catch (error) {
    return { path, text: undefined, problem: (error as Error).message };
  }
}
