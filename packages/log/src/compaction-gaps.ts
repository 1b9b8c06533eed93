/** For the offline tools: where batches may be missing inside the segments of a partition. Only reads. */

import type { FileSystem } from "@sluice/model";
import { readIfThere } from "./checkpoint-file.js";
import { parseTextFile } from "./text-file-dump.js";

export interface CompactionGapsOptions {
  /** Path of the partition's directory. */
  readonly directory: string;
  /** Base offset of the last segment, which is never compacted; 0 where there is none. */
  readonly lastBaseOffset: number;
  /** The partition counts as compacted without a `compaction-checkpoint`, as one of Kafka's is. */
  readonly isCompacted: boolean;
}

/**
 * Exclusive end of the offsets that compaction may have removed between two batches of a segment: 0 for a log that it never saw.
 * @throws errors of the file system
 */
export async function gapsBelowIn(
  fileSystem: FileSystem,
  { directory, lastBaseOffset, isCompacted }: CompactionGapsOptions,
): Promise<number> {
  if (isCompacted) return lastBaseOffset;
  const bytes = await readIfThere(fileSystem, `${directory}/compaction-checkpoint`);
  if (bytes === undefined) return 0;
  const { entries, problem } = parseTextFile("compaction-checkpoint", bytes);
  const gapsBelow = entries.find(({ name }) => name === "gaps-below")?.offset;
  // What it says is lost, and that there is one says that the log was compacted.
  return problem === undefined && typeof gapsBelow === "number" ? gapsBelow : lastBaseOffset;
}
