import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { InputError } from "../command-context.js";
import { findEtcd, startEtcd } from "./etcd-process.js";

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "sluice-etcd-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

it("is the first executable of that name on PATH, and missed in words where there is none", async () => {
  const [empty, plain, found] = await Promise.all([directory(), directory(), directory()]);
  await writeFile(join(plain, "etcd"), "", { mode: 0o644 });
  await writeFile(join(found, "etcd"), "", { mode: 0o755 });
  expect(await findEtcd({ PATH: [empty, "", plain, found].join(delimiter) })).toBe(join(found, "etcd"));
  await expect(findEtcd({ PATH: empty })).rejects.toMatchObject({ hint: expect.stringMatching(/--processes/) });
  await expect(findEtcd({})).rejects.toThrow(InputError);
});

it("says where its log is when it does not start", async () => {
  const path = await directory();
  const program = join(path, "etcd");
  await writeFile(program, "#!/bin/sh\necho no luck >&2\nexit 1\n", { mode: 0o755 });
  const data = join(path, "data");
  const { signal } = new AbortController();
  await expect(startEtcd({ program, directory: data, signal }, process.env)).rejects.toMatchObject({
    message: "etcd ended after it was started.",
    hint: `Its log ${join(data, "etcd.log")} says why.`,
  });
});
