/** An ext4 file system in a file, whose power can be cut. Needs Linux, root, mkfs.ext4, loop devices and Python. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const sizeBytes = 256 * 1024 * 1024;

/** Why there can be no loop disk on this machine; undefined where there can. */
export function whyNoLoopDisk(): string | undefined {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "this is not root";
  try {
    accessSync("/dev/loop-control", constants.R_OK | constants.W_OK);
  } catch {
    return "there are no loop devices";
  }
  const programs: Record<string, string> = {
    "mkfs.ext4": "-V",
    mount: "-V",
    umount: "-V",
    losetup: "-V",
    python3: "-V",
  };
  for (const [program, flag] of Object.entries(programs)) {
    try {
      execFileSync(program, [flag], { stdio: "ignore" });
    } catch {
      return `${program} is missing`;
    }
  }
  return undefined;
}

export class LoopDisk {
  readonly path: string;
  readonly #imagePath: string;
  #isMounted = false;

  private constructor(directory: string) {
    this.path = join(directory, "mounted");
    this.#imagePath = join(directory, "disk.img");
  }

  /** Makes the file system in an empty directory. It is unmounted after the test. */
  static create(directory: string): LoopDisk {
    const disk = new LoopDisk(directory);
    mkdirSync(disk.path);
    writeFileSync(disk.#imagePath, "");
    truncateSync(disk.#imagePath, sizeBytes);
    execFileSync("mkfs.ext4", ["-q", "-F", disk.#imagePath]);
    onTestFinished(() => disk.#release());
    return disk;
  }

  mount(): void {
    execFileSync("mount", ["-o", "loop", this.#imagePath, this.path]);
    this.#isMounted = true;
  }

  /** Nobody may have a file open on it. */
  unmount(): void {
    execFileSync("umount", [this.path]);
    this.#isMounted = false;
  }

  /** Gets ready to cut the power; the cut comes at once when the function is called. */
  async powerSwitch(): Promise<() => Promise<void>> {
    const helper = spawn("python3", [join(import.meta.dirname, "ext4-shutdown.py"), this.path]);
    onTestFinished(() => void helper.kill("SIGKILL"));
    await hasSaid(helper, "ready");
    return async () => {
      helper.stdin.write("cut\n");
      await hasSaid(helper, "down");
    };
  }

  #release(): void {
    // Lazily: a process of a test that failed may still be there. The loop device goes with the last user.
    if (this.#isMounted) execFileSync("umount", ["--lazy", this.path]);
    this.#isMounted = false;
  }
}

function hasSaid(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const complain = (): void => reject(new Error(`the helper ended and had said: ${said}`));
    child.stderr?.on("data", (text: Buffer) => (said += String(text)));
    child.once("close", complain);
    child.stdout?.on("data", (text: Buffer) => {
      said += String(text);
      if (!said.includes(word)) return;
      child.removeListener("close", complain);
      resolve();
    });
  });
}
