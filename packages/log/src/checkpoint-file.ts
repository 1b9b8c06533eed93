/**
 * Small files that are replaced as a whole: written beside themselves, synced, renamed over, and the directory synced. After
 * a crash there is the old content or the new, never a mixture.
 *
 * Text checkpoints have Kafka's form: a line with the version, a line with the number of entries, one line an entry. Those
 * that only Sluice reads end with a line `crc32c <hex>` over all before it.
 */

import { dirname } from "node:path/posix";
import { type FileSystem, isFileError } from "@sluice/model";
import { crc32c } from "@sluice/record";

const version = "0";
export const temporarySuffix = ".tmp";

/** Replaces the content of `path`, atomically and durably. */
export async function replaceFile(fileSystem: FileSystem, path: string, bytes: Buffer): Promise<void> {
  await replaceFileUnsynced(fileSystem, path, bytes);
  await fileSystem.syncDirectory(dirname(path));
}

/** Replaces the content of `path`, atomically; durable once the caller has synced the directory. */
export async function replaceFileUnsynced(fileSystem: FileSystem, path: string, bytes: Buffer): Promise<void> {
  const temporaryPath = path + temporarySuffix;
  await writeWholeFile(fileSystem, temporaryPath, bytes);
  await fileSystem.rename(temporaryPath, path);
}

/** Makes `bytes` the whole, durable content of `path`; not atomic, and the directory is the caller's to sync. */
export async function writeWholeFile(fileSystem: FileSystem, path: string, bytes: Buffer): Promise<void> {
  const file = await fileSystem.open(path, "write");
  try {
    await file.truncate(0);
    if (bytes.length > 0) await file.write([bytes], 0);
    await file.syncData();
  } finally {
    await file.close();
  }
}

/** The content of `path`, or undefined where there is no such file. */
export async function readIfThere(fileSystem: FileSystem, path: string): Promise<Buffer | undefined> {
  try {
    return await fileSystem.readFile(path);
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Removes `path`; nothing happens where there is no such file. */
export async function removeIfThere(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.removeFile(path);
  } catch (error) {
    if (!isFileError(error, "ENOENT")) throw error;
  }
}

/** Text of a checkpoint. `hasChecksum` is false only for files whose format is Kafka's. */
export function formatCheckpoint(entries: readonly string[], options: { hasChecksum: boolean }): Buffer {
  const body = Buffer.from(`${[version, String(entries.length), ...entries].join("\n")}\n`);
  if (!options.hasChecksum) return body;
  return Buffer.concat([body, Buffer.from(`crc32c ${crc32c(body).toString(16).padStart(8, "0")}\n`)]);
}

/** The entries of a checkpoint, or undefined where the bytes make no sense. */
export function parseCheckpoint(bytes: Buffer, options: { hasChecksum: boolean }): string[] | undefined {
  const text = bytes.toString("latin1");
  const lines = text.split("\n");
  if (lines.pop() !== "") return undefined;
  if (options.hasChecksum) {
    const checksum = lines.pop() ?? "";
    const body = bytes.subarray(0, bytes.length - checksum.length - 1);
    if (checksum !== `crc32c ${crc32c(body).toString(16).padStart(8, "0")}`) return undefined;
  }
  const [versionLine, countLine, ...entries] = lines;
  return versionLine === version && countLine === String(entries.length) ? entries : undefined;
}
