/** What the types that kafkajs ships declare, for tests that nothing of it is forgotten. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const types = readFileSync(createRequire(import.meta.url).resolve("kafkajs/types/index.d.ts"), "utf8");

/** The text between the braces that open after `start`. @throws Error where it is not there */
export function kafkaJsBody(start: string): string {
  const from = types.indexOf(start);
  const open = types.indexOf("{", from);
  let depth = 0;
  for (let at = open; from >= 0 && at < types.length; at++) {
    if (types[at] === "{") depth++;
    if (types[at] === "}" && --depth === 0) return types.slice(open + 1, at);
  }
  throw new Error(`the types of kafkajs have no '${start}'`);
}

/** Names of methods and fields of a type that is declared line by line. */
export function kafkaJsMembers(start: string): string[] {
  const names = [...kafkaJsBody(start).matchAll(/^ {2}(?:readonly )?(\w+)\??[(:]/gm)].map(([, name]) => name as string);
  return [...new Set(names)];
}

/** Names of classes, enums and constants: what exists at run time. */
export function kafkaJsExportedValues(): string[] {
  return [...types.matchAll(/^export (?:class|enum|const|var|function) (\w+)/gm)].map(([, name]) => name as string);
}
