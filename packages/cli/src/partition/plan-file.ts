/**
 * Moves in a file: what `-o json` of a dry run prints, or what a person writes in the same shape.
 *
 *     {"moves": [{"topic": "orders", "partition": 0, "new": [1, 2, 3]}]}
 */

import { readFile } from "node:fs/promises";
import type { TopicAssignment } from "@sluice/client";
import { InputError } from "../command-context.js";

/** @throws InputError where the file cannot be read, or has another shape */
export async function readPlanFile(path: string): Promise<readonly TopicAssignment[]> {
  const { moves } = (await readJson(path)) as { readonly moves?: unknown };
  if (!Array.isArray(moves) || !moves.every(isMove))
    throw new InputError(
      `${path} has no plan in it.`,
      `It takes {"moves": [{"topic": "orders", "partition": 0, "new": [1, 2, 3]}]}, as 'sluice cluster balance --dry-run -o json' prints it.`,
    );
  return moves.map(({ topic, partition, new: replicas }) => ({
    topic,
    partitionAssignment: [{ partition, replicas }],
  }));
}

async function readJson(path: string): Promise<object> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return typeof value === "object" && value !== null ? value : {};
  } catch (error) {
    throw new InputError(`${path} cannot be read as JSON: ${(error as Error).message}.`, "Give the path of a plan.");
  }
}

function isMove(value: unknown): value is { topic: string; partition: number; new: readonly number[] } {
  if (typeof value !== "object" || value === null) return false;
  const { topic, partition, new: replicas } = value as Readonly<Record<string, unknown>>;
  return typeof topic === "string" && isCount(partition) && Array.isArray(replicas) && replicas.every(isCount);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
