/** What a broker has of a topic on its disk. */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of the segments of those partitions; 0 where there is nothing yet. */
export async function partitionBytes(
  dataDirectory: string,
  topic: string,
  partitions: readonly number[],
): Promise<number> {
  let bytes = 0;
  for (const directory of await namesIn(dataDirectory)) {
    for (const name of await namesIn(join(dataDirectory, directory))) {
      const path = join(dataDirectory, directory, name);
      const metadata = await readFile(join(path, "partition.metadata"), "utf8").catch(() => "");
      const isWanted = metadata.includes(topic) && partitions.some((partition) => name.endsWith(`-${partition}`));
      if (isWanted) bytes += await segmentBytes(path);
    }
  }
  return bytes;
}

async function segmentBytes(path: string): Promise<number> {
  const segments = (await namesIn(path)).filter((name) => name.endsWith(".log"));
  const sizes = await Promise.all(segments.map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** None of what is not there (yet), or is a file. */
async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
}
