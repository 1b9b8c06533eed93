/**
 * The README's quickstart, line by line as a reader would type it, and its program.
 *
 * Only the place is another: ports and data directory are set by the environment, so that the test disturbs nobody. `npm ci` was run
 * already, or this test would not run.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { freePortRange } from "../support/free-ports.js";
import { finished, repositoryRoot, until } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const readme = readFileSync(join(repositoryRoot, "README.md"), "utf8");

/** Code blocks of a section, each as its lines. */
function blocks(section: string, language: string): string[][] {
  const text = readme.split(`\n## ${section}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map((match) =>
    (match[1] ?? "").trim().split("\n"),
  );
}

it("every line of the quickstart does what the README says", { timeout: 120_000 }, async () => {
  const port = await freePortRange(3);
  const env = {
    ...process.env,
    SLUICE_PORT: String(port),
    SLUICE_DATA_DIRECTORY: await temporaryDirectory(),
    SLUICE_BROKERS: `localhost:${port}`,
  };
  const [setUp = [], use = []] = blocks("Quickstart", "sh");
  expect(setUp).toEqual(["npm ci", "npm start"]);
  expect(existsSync(join(repositoryRoot, "node_modules"))).toBe(true);

  // A group of its own, so that npm, its shell and the cluster end together.
  const cluster = spawn("npm start", {
    shell: true,
    cwd: repositoryRoot,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Its output is closed when the last process of the group has ended, and with it the cluster behind npm and its shell.
  const ended = once(cluster.stdout.resume(), "close");
  onTestFinished(async () => {
    if (cluster.exitCode === null && cluster.pid !== undefined) process.kill(-cluster.pid, "SIGTERM");
    await ended;
  });
  for (const each of [port, port + 1, port + 2]) {
    await until(async () => {
      expect(cluster.exitCode, "npm start has ended").toBe(null);
      return (await fetch(`http://127.0.0.1:${each + 100}/readyz`).catch(() => undefined))?.ok === true;
    });
  }

  const outputs = new Map<string, string[]>();
  for (const line of use) {
    const { status, stdout, stderr } = await finished(spawn("bash", ["-c", line], { cwd: repositoryRoot, env }), "");
    expect(status, `${line}\n${stdout}${stderr}`).toBe(0);
    outputs.set(line, [...(outputs.get(line) ?? []), stdout]);
  }
  const consumed = outputs.get("npx sluice consume orders --group billing") ?? [];
  expect(consumed.length).toBe(2);
  for (const text of consumed) for (const value of ["first", "second", "third"]) expect(text).toContain(value);
  expect(outputs.get("npx sluice group describe billing")?.[0]).toMatch(/orders/);

  const [program = []] = blocks("From a program", "js");
  const path = join(repositoryRoot, ".cache", `readme-${port}.mjs`);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, program.join("\n"));
  onTestFinished(() => rm(path));
  const ran = await finished(spawn(process.execPath, [path], { env }), "");
  expect(ran.stderr).toBe("");
  expect(ran.status).toBe(0);
  expect(ran.stdout).toMatch(/ann 12\.50/);
  expect(ran.stdout).toMatch(/bob 8\.00/);
});
