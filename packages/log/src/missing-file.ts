/** For the offline tools: what a path that leads to nothing is answered with. */

import { type FileSystem, isFileError, SluiceError } from "@sluice/model";

/** There is no such file or directory: also where a part of the path before its end is a file. */
export function isMissing(error: unknown): boolean {
  return isFileError(error, "ENOENT") || isFileError(error, "ENOTDIR");
}

/**
 * What `work` gives.
 * @throws SluiceError FILE_NOT_FOUND where it found nothing at `path`; else what `work` throws
 */
export async function orFileNotFound<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new SluiceError("FILE_NOT_FOUND", { path }, { cause: error });
  }
}

/** @throws SluiceError FILE_NOT_FOUND where there is nothing of that name; errors of the file system */
export async function assertThere(fileSystem: FileSystem, path: string): Promise<void> {
  const isThere = await orFileNotFound(path, () => fileSystem.exists(path));
  if (!isThere) throw new SluiceError("FILE_NOT_FOUND", { path });
}
