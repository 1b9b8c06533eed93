/** What every FileSystem does, the real one and the fakes alike. */

import { type FileSystem, isFileError } from "@sluice/model";
import { describe, expect, it } from "vitest";

/** A file system and an existing, empty directory in it. */
export interface FileSystemUnderTest {
  readonly fileSystem: FileSystem;
  readonly path: string;
  dispose(): Promise<void>;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

export function describeFileSystem(name: string, create: () => Promise<FileSystemUnderTest>): void {
  const test = (text: string, body: (fileSystem: FileSystem, path: string) => Promise<void>): void => {
    it(text, async () => {
      const { fileSystem, path, dispose } = await create();
      try {
        await body(fileSystem, path);
      } finally {
        await dispose();
      }
    });
  };

  describe(`FileSystem compliance: ${name}`, () => {
    test("writes many buffers back to back at a position, and reads them", async (fileSystem, path) => {
      const file = await fileSystem.open(`${path}/a`, "write");
      await file.write([Buffer.from("hello "), Buffer.alloc(0), Buffer.from("world")], 3);
      expect(await file.size()).toBe(14);
      const buffer = Buffer.alloc(20, 0xff);
      expect(await file.read(buffer, 2)).toBe(12);
      expect(buffer.subarray(0, 12).toString()).toBe("\0hello world");
      expect(await file.read(buffer, 14)).toBe(0);
      await file.close();
      expect((await fileSystem.readFile(`${path}/a`)).subarray(3).toString()).toBe("hello world");
    });

    test("writes more buffers in one call than the system takes at once", async (fileSystem, path) => {
      const file = await fileSystem.open(`${path}/a`, "create");
      const buffers = Array.from({ length: 3000 }, (_, index) => Buffer.from(`${index};`));
      await file.write(buffers, 0);
      await file.syncData();
      await file.close();
      expect((await fileSystem.readFile(`${path}/a`)).equals(Buffer.concat(buffers))).toBe(true);
    });

    test("keeps what a file holds when it is opened for writing again", async (fileSystem, path) => {
      for (const [index, text] of ["one", "two"].entries()) {
        const file = await fileSystem.open(`${path}/a`, "write");
        await file.write([Buffer.from(text)], index * 3);
        await file.close();
      }
      expect((await fileSystem.readFile(`${path}/a`)).toString()).toBe("onetwo");
    });

    test("truncates and extends", async (fileSystem, path) => {
      const file = await fileSystem.open(`${path}/a`, "write");
      await file.write([Buffer.from("abcdef")], 0);
      await file.truncate(2);
      await file.truncate(4);
      await file.close();
      expect((await fileSystem.readFile(`${path}/a`)).toString()).toBe("ab\0\0");
    });

    test("refuses to open what is missing, and to create what exists", async (fileSystem, path) => {
      expect(await codeOf(fileSystem.open(`${path}/a`, "read"))).toBe("ENOENT");
      expect(await codeOf(fileSystem.readFile(`${path}/a`))).toBe("ENOENT");
      expect(await codeOf(fileSystem.open(`${path}/no/a`, "write"))).toBe("ENOENT");
      await (await fileSystem.open(`${path}/a`, "create")).close();
      expect(await codeOf(fileSystem.open(`${path}/a`, "create"))).toBe("EEXIST");
      expect(await codeOf(fileSystem.list(`${path}/a`))).toBe("ENOTDIR");
      expect(await codeOf(fileSystem.list(`${path}/no`))).toBe("ENOENT");
      expect(await codeOf(fileSystem.removeFile(`${path}/no`))).toBe("ENOENT");
      expect(await codeOf(fileSystem.rename(`${path}/no`, `${path}/b`))).toBe("ENOENT");
    });

    test("refuses to use a closed file; closing twice is closing once", async (fileSystem, path) => {
      const file = await fileSystem.open(`${path}/a`, "write");
      await file.close();
      await file.close();
      expect(await codeOf(file.read(Buffer.alloc(1), 0))).toBe("EBADF");
      expect(await codeOf(file.write([Buffer.from("x")], 0))).toBe("EBADF");
    });

    test("lets operations under way finish when the file is closed", async (fileSystem, path) => {
      const file = await fileSystem.open(`${path}/a`, "write");
      const written = file.write([Buffer.alloc(100_000, 1)], 0);
      const closed = file.close();
      await Promise.all([written, closed]);
      expect((await fileSystem.readFile(`${path}/a`)).length).toBe(100_000);
    });

    test("replaces a file by rename, and renames directories with what is in them", async (fileSystem, path) => {
      for (const name of ["old", "new"]) {
        const file = await fileSystem.open(`${path}/${name}`, "write");
        await file.write([Buffer.from(name)], 0);
        await file.close();
      }
      await fileSystem.rename(`${path}/new`, `${path}/old`);
      expect((await fileSystem.readFile(`${path}/old`)).toString()).toBe("new");
      await fileSystem.makeDirectory(`${path}/d/e`);
      await (await fileSystem.open(`${path}/d/e/f`, "create")).close();
      await fileSystem.rename(`${path}/d`, `${path}/g`);
      expect(await fileSystem.list(path)).toEqual(["g", "old"]);
      expect(await fileSystem.list(`${path}/g/e`)).toEqual(["f"]);
    });

    test("makes directories with those above, removes them with all in them, and twice does no harm", async (fs, path) => {
      await fs.makeDirectory(`${path}/a/b/c`);
      await fs.makeDirectory(`${path}/a/b/c`);
      await (await fs.open(`${path}/a/b/file`, "create")).close();
      await fs.syncDirectory(`${path}/a/b`);
      expect(await fs.list(`${path}/a/b`)).toEqual(["c", "file"]);
      expect(await fs.exists(`${path}/a/b/file`)).toBe(true);
      await fs.removeDirectory(`${path}/a`);
      await fs.removeDirectory(`${path}/a`);
      expect(await fs.exists(`${path}/a`)).toBe(false);
    });

    test("says how many bytes a file has, through its name and through a handle", async (fileSystem, path) => {
      expect(await codeOf(fileSystem.size(`${path}/a`))).toBe("ENOENT");
      const file = await fileSystem.open(`${path}/a`, "create");
      expect(await fileSystem.size(`${path}/a`)).toBe(0);
      await file.write([Buffer.alloc(5000), Buffer.alloc(1)], 100);
      expect(await fileSystem.size(`${path}/a`)).toBe(5101);
      await file.truncate(7);
      expect(await fileSystem.size(`${path}/a`)).toBe(7);
      expect(await file.size()).toBe(7);
      await file.close();
    });

    test("says how many bytes the disk of a directory takes", async (fileSystem, path) => {
      const freeBytes = await fileSystem.freeBytes(path);
      expect(Number.isSafeInteger(freeBytes)).toBe(true);
      expect(freeBytes).toBeGreaterThan(0);
      expect(await codeOf(fileSystem.freeBytes(`${path}/no`))).toBe("ENOENT");
      const totalBytes = await fileSystem.totalBytes(path);
      expect(Number.isSafeInteger(totalBytes)).toBe(true);
      expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
      expect(await codeOf(fileSystem.totalBytes(`${path}/no`))).toBe("ENOENT");
    });

    test("reads zeros where nothing was written between two writes", async (fileSystem, path) => {
      const file = await fileSystem.open(`${path}/a`, "write");
      await file.write([Buffer.alloc(3, 1)], 0);
      await file.write([Buffer.alloc(3, 2)], 10_000);
      await file.syncData();
      await file.truncate(2);
      await file.truncate(4);
      await file.close();
      expect([...(await fileSystem.readFile(`${path}/a`))]).toEqual([1, 1, 0, 0]);
    });

    test("gives a lock to one holder at a time", async (fileSystem, path) => {
      const lock = await fileSystem.lock(`${path}/.lock`);
      expect(await fileSystem.lock(`${path}/.lock`)).toBeUndefined();
      await lock?.release();
      const again = await fileSystem.lock(`${path}/.lock`);
      expect(again).toBeDefined();
      await again?.release();
    });

    test("names its errors as node:fs does", async (fileSystem, path) => {
      const error: unknown = await fileSystem.readFile(`${path}/a`).catch((reason: unknown) => reason);
      expect(isFileError(error, "ENOENT")).toBe(true);
    });
  });
}
