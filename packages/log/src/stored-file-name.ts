/**
 * What a file of a data directory is, by its name alone, for the offline tools: also of files that a crash left behind, such as
 * `00000000000000000000.log.swap`, which hold the same as the file that they were to become.
 */

import { basename } from "node:path/posix";

/** Files whose content is lines or JSON. */
export const textFileNames = [
  "meta",
  "life",
  "clean-shutdown",
  "recovery-point",
  "log-start-offset",
  "replication-offset-checkpoint",
  "lossy",
  "known-epochs",
  "leader-epoch-checkpoint",
  "compaction-checkpoint",
  "partition.metadata",
] as const;

export type TextFileName = (typeof textFileNames)[number];

/** `leftover`: the suffix that says what the file was to become, or that it was to go; undefined where it has none. */
export type StoredFileName =
  | {
      readonly kind: "log" | "index" | "timeindex" | "snapshot";
      readonly baseOffset: number;
      readonly leftover: LeftoverSuffix | undefined;
    }
  | { readonly kind: "text"; readonly name: TextFileName; readonly leftover: LeftoverSuffix | undefined };

export type LeftoverSuffix = "cleaned" | "swap" | "deleted" | "tmp";

const leftoverPattern = /\.(cleaned|swap|deleted|tmp)$/;
const segmentPattern = /^(\d{20})\.(log|index|timeindex|snapshot)$/;

/** What the file of that path is; undefined where the name is none of a data directory, or of a file that cannot be shown. */
export function parseStoredFileName(path: string): StoredFileName | undefined {
  const name = basename(path);
  const leftover = leftoverOf(name);
  const stem = leftover === undefined ? name : name.slice(0, -leftover.length - 1);
  const text = textFileNames.find((each) => each === stem);
  if (text !== undefined) return { kind: "text", name: text, leftover };
  const match = segmentPattern.exec(stem);
  const baseOffset = Number(match?.[1]);
  if (match === null || !Number.isSafeInteger(baseOffset)) return undefined;
  return { kind: match[2] as "log" | "index" | "timeindex" | "snapshot", baseOffset, leftover };
}

/** The suffix by which a name says that the file is unfinished or to be removed. */
export function leftoverOf(name: string): LeftoverSuffix | undefined {
  return leftoverPattern.exec(name)?.[1] as LeftoverSuffix | undefined;
}
