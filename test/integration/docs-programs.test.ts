/**
 * The programs of docs/tasks, as a reader would run them: every `js` block runs, and prints what the `text` block after it says.
 *
 * The programs of one page run in order against one cluster, so a page may build on itself.
 */

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTestCluster } from "@sluice/testing";
import { expect, it, onTestFinished } from "vitest";
import { finished, repositoryRoot } from "../support/program.js";

const pages = join(repositoryRoot, "docs/tasks");

interface Program {
  readonly code: string;
  readonly output: string;
}

function programs(page: string): Program[] {
  const text = readFileSync(join(pages, page), "utf8");
  return [...text.matchAll(/```js\n(.*?)```\n+```text\n(.*?)```/gs)].map(([, code = "", output = ""]) => ({
    code,
    output,
  }));
}

/** Node 20 and 22 have no `await using` in plain JavaScript. */
const hasAwaitUsing = Number(process.versions.node.split(".")[0]) >= 24;

const pagesWithPrograms = readdirSync(pages).filter((page) =>
  readFileSync(join(pages, page), "utf8").includes("```js"),
);

it.each(pagesWithPrograms)("%s", { timeout: 60_000 }, async (page) => {
  const found = programs(page);
  const blocks = readFileSync(join(pages, page), "utf8").split("```js\n").length - 1;
  expect(found.length, "every program is followed by its output").toBe(blocks);
  await using cluster = await startTestCluster({ config: { autoCreateTopics: true } });
  const directory = join(repositoryRoot, ".cache", `docs-${page}-${process.pid}`);
  await mkdir(directory, { recursive: true });
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const [index, { code, output }] of found.entries()) {
    const path = join(directory, `program-${index}.mjs`);
    await writeFile(path, hasAwaitUsing ? code : withoutAwaitUsing(code));
    const env = { ...process.env, SLUICE_BROKERS: cluster.brokers.join(",") };
    const ran = await finished(spawn(process.execPath, [path], { env }), "");
    // That one ends by the signal that it sends to itself.
    const status = code.includes("closeOnSignals") ? null : 0;
    expect(ran).toEqual({ status, stdout: output, stderr: "" });
  }
});

/** What TypeScript would make of it, near enough: the resource is closed at the end of the program. */
function withoutAwaitUsing(code: string): string {
  const names = [...code.matchAll(/await using (\w+) =/g)].map(([, name]) => `await ${name}.close();`);
  return `${code.replaceAll("await using ", "const ")}\n${names.join("\n")}\n`;
}
