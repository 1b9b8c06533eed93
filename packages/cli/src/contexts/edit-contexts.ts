/** Changes to a set of contexts. Pure: the caller reads and writes the file. */

import { UsageError } from "../command-context.js";
import { nearestNames } from "../nearest-names.js";
import type { ClusterContext, ContextFile } from "./context-file.js";

const contextName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Adds or replaces a context. It becomes the current one where there is none, or where `use` is true. @throws UsageError */
export function withContext(
  file: ContextFile,
  name: string,
  context: ClusterContext,
  { use = false }: { readonly use?: boolean } = {},
): ContextFile {
  if (!contextName.test(name))
    throw new UsageError(
      `'${name}' is not a name for a context.`,
      "Use up to 63 of A-Z a-z 0-9 . _ -, a letter or digit first.",
    );
  const current = use ? name : (file.current ?? name);
  return { ...file, current, contexts: { ...file.contexts, [name]: context } };
}

/** Removes a context. If it was the current one, none is current afterwards. @throws UsageError where there is none of that name */
export function withoutContext(file: ContextFile, name: string): ContextFile {
  contextOrThrow(file, name);
  const { [name]: _, ...contexts } = file.contexts;
  const { current, ...rest } = file;
  return current === name || current === undefined ? { ...rest, contexts } : { ...rest, current, contexts };
}

/** The context of that name. @throws UsageError with the names that look like it */
export function contextOrThrow(file: ContextFile, name: string): ClusterContext {
  const context = Object.hasOwn(file.contexts, name) ? file.contexts[name] : undefined;
  if (context !== undefined) return context;
  const names = Object.keys(file.contexts);
  const near = nearestNames(name, names)[0];
  throw new UsageError(
    `There is no context '${name}'.`,
    near === undefined
      ? `'sluice context list' shows them; 'sluice context create ${name} --brokers host:9092' makes it.`
      : `Did you mean '${near}'? 'sluice context list' shows them all.`,
  );
}
