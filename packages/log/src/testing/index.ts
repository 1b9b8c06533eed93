/** Public door of @sluice/log/testing: the file system that forgets what was not synced. */

export { type FileOperation, MemoryFileSystem } from "./memory-file-system.js";
