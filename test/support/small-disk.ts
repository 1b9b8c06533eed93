/** A file system in memory with a fixed size, for tests that fill a disk. Needs Linux and root, which may mount. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Why there can be no small disk on this machine; undefined where there can. */
export function whyNoSmallDisk(): string | undefined {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "this is not root";
  const path = mkdtempSync(join(tmpdir(), "sluice-mount-"));
  try {
    mountTmpfs(path, 1024 * 1024);
    execFileSync("umount", [path], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `mounting does not work: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Mounts one below `directory`. It is unmounted after the test, also one that failed; whoever has files on it is stopped by
   * then: register processes after it.
   */
  static create(directory: string, sizeBytes: number): SmallDisk {
    const path = join(directory, "small-disk");
    mkdirSync(path);
    mountTmpfs(path, sizeBytes);
    // Lazily: a process of a test that failed may still be there.
    onTestFinished(() => void execFileSync("umount", ["--lazy", path], { stdio: "pipe" }));
    return new SmallDisk(path);
  }

  /** Fills it with a file of others, which takes all that is free. Returns the path of that. */
  fill(): string {
    const path = join(this.path, "filler");
    const chunk = Buffer.alloc(256 * 1024);
    for (;;) {
      try {
        writeFileSync(path, chunk, { flag: "a" });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOSPC") return path;
        throw error;
      }
    }
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }
}

function mountTmpfs(path: string, sizeBytes: number): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "sluice-test", path], { stdio: "pipe" });
}
