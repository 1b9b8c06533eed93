/**
 * FileSystem port: the only way to disk. `node-file-system` of package log is the real one; `@sluice/log/testing` has one in
 * memory that drops what was not synced when it "crashes". Both pass one compliance suite.
 *
 * Paths use '/'. Errors are those of `node:fs` (`code` ENOENT, EEXIST, ENOSPC, EIO ...). A name that was created, renamed or
 * removed survives a power loss only after `syncDirectory` of its directory; bytes only after `syncData` of their file.
 */

export interface FileSystem {
  /**
   * `read`: the file must exist. `write`: reading and writing, created when missing. `create`: as write, and EEXIST when it
   * exists.
   */
  open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle>;
  /** The whole file. @throws ENOENT */
  readFile(path: string): Promise<Buffer>;
  /** Atomic replacement of `to`. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. @throws ENOENT */
  removeFile(path: string): Promise<void>;
  /** Creates the directory and what is missing above it; nothing happens when it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Removes a directory and all in it; nothing happens when it does not exist. */
  removeDirectory(path: string): Promise<void>;
  /** Names in a directory, sorted, without '.' and '..'. @throws ENOENT */
  list(path: string): Promise<string[]>;
  exists(path: string): Promise<boolean>;
  /** Bytes of a file. @throws ENOENT */
  size(path: string): Promise<number>;
  /** Bytes that can still be written to the disk of `path`, an existing directory, by this process. */
  freeBytes(path: string): Promise<number>;
  /** Size of the disk of `path`, an existing directory, in bytes. */
  totalBytes(path: string): Promise<number>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Takes a lock that ends with `release` or with the process, however it dies. Undefined when somebody else holds it. Not
   * shared between two callers of one process either.
   */
  lock(path: string): Promise<FileLock | undefined>;
}

export interface FileHandle {
  /** Fills `buffer` from `position` and returns how many bytes there were: fewer than asked only at the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes all buffers back to back from `position`, whole or with an error; what of it is on disk after an error is not known. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Cuts or extends the file. */
  truncate(sizeBytes: number): Promise<void>;
  /** fdatasync: after it the bytes and the size survive a power loss. An error is final: never retry (P38). */
  syncData(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface FileLock {
  release(): Promise<void>;
}

/** True for an error of `node:fs` (or a fake of it) with that code. */
export function isFileError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** True for an error that says that there is no room left on the disk, or none for this user. */
export function isDiskFull(error: unknown): boolean {
  return isFileError(error, "ENOSPC") || isFileError(error, "EDQUOT");
}
