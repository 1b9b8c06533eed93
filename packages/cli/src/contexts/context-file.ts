/**
 * Contexts: names for clusters, kept in a file of the person.
 *
 *     $XDG_CONFIG_HOME/sluice/config.json, else ~/.config/sluice/config.json
 *     { "version": 1, "current": "dev", "contexts": { "dev": { "brokers": "localhost:9092" } } }
 *
 * The file is replaced as a whole, by a rename: a reader sees the old contexts or the new ones, never half of them. Of two writers at the
 * same time the last one wins. Members that this version does not know are kept.
 */

import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { InputError } from "../command-context.js";

/** One cluster, as a person names it. */
export interface ClusterContext {
  /** As --brokers takes them. */
  readonly brokers: string;
}

/** What the file holds. */
export interface ContextFile {
  readonly version: 1;
  /** The context that counts where nothing else is said. */
  readonly current?: string | undefined;
  readonly contexts: Readonly<Record<string, ClusterContext>>;
}

const noContexts: ContextFile = { version: 1, contexts: {} };

/** Where the contexts are kept. */
export function contextPath(env: Readonly<Record<string, string | undefined>>): string {
  const configHome = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config");
  return join(configHome, "sluice", "config.json");
}

/** The contexts; none where there is no file. @throws InputError where the file is not what it should be */
export async function readContexts(path: string): Promise<ContextFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return noContexts;
    throw error;
  }
  return parseContexts(text, path);
}

/** Replaces the file. What is not on the disk when it returns, was not there before either. */
export async function writeContexts(path: string, file: ContextFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(file, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function parseContexts(text: string, path: string): ContextFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw broken(path, (error as Error).message);
  }
  if (!isRecord(parsed) || !isRecord(parsed.contexts)) throw broken(path, "it has no contexts");
  for (const [name, context] of Object.entries(parsed.contexts))
    if (!isRecord(context) || typeof context.brokers !== "string")
      throw broken(path, `context '${name}' has no brokers`);
  if (parsed.current !== undefined && typeof parsed.current !== "string") throw broken(path, "current is not a name");
  return parsed as unknown as ContextFile;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function broken(path: string, reason: string): InputError {
  return new InputError(
    `${path} does not hold contexts: ${reason}.`,
    "Correct it, or delete it and make the contexts anew with 'sluice context create'.",
  );
}
