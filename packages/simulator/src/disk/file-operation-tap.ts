/** Sees what one machine does to its files, at the moment at which it takes effect: how the simulator knows what is in every log. */

export interface FileOperationTap {
  written(path: string, bytes: Buffer, position: number): void;
  /** A sync failed: what was not durable stays so, whatever later syncs say. */
  syncFailed(path: string): void;
  truncated(path: string, sizeBytes: number): void;
  /** All bytes of the file are durable. */
  synced(path: string): void;
  renamed(from: string, to: string): void;
  /** A file, or a directory with all in it. */
  removed(path: string): void;
}
