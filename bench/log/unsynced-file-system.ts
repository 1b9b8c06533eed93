/**
 * The real file system without its syncs: for directories that are only made to be opened. What a benchmark measures never
 * runs on it.
 */

import { NodeFileSystem } from "@sluice/log";
import type { FileHandle } from "@sluice/model";

export class UnsyncedFileSystem extends NodeFileSystem {
  override async open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    const handle = await super.open(path, mode);
    handle.syncData = () => Promise.resolve();
    return handle;
  }

  override syncDirectory(): Promise<void> {
    return Promise.resolve();
  }
}
