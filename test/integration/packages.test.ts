/**
 * The packages as a user installs them: packed, put into an empty folder with what they depend on, imported, required,
 * compiled against, and used as the README says.
 *
 * On the Node that runs the tests always; on others where SLUICE_TEST_NODES names them. It takes the registry of npm, as
 * `npm ci` did; where there is none, it says so and is skipped.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext } from "vitest";
import { nodeDirectory, otherNodeVersions } from "../support/node-versions.js";
import { type Finished, finished, repositoryRoot } from "../support/program.js";
import { readmeBlocks } from "../support/readme-blocks.js";

const packages = join(repositoryRoot, "packages");
const programs = join(import.meta.dirname, "packages");

let folder: string;
/** Why nothing could be installed; undefined: it could. */
let missing: string | undefined;

/** Runs a command in the folder, with the commands of the installed packages and that Node before all others. */
function run(command: string, args: readonly string[], options: { node: string; env?: Record<string, string> }) {
  const path = [join(folder, "node_modules/.bin"), options.node, process.env.PATH].join(":");
  return spawn(command, args, { cwd: folder, env: { ...process.env, ...options.env, PATH: path } });
}

/** Runs a command to its end, or to that of the test. */
function ran(command: string, args: readonly string[], node: string, env?: Record<string, string>): Promise<Finished> {
  const child = run(command, args, env === undefined ? { node } : { node, env });
  onTestFinished(() => void child.kill("SIGKILL"));
  return finished(child, "");
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-packages-"));
  const names = (await readdir(packages)).map((name) => `./packages/${name}`);
  const packed = spawn("npm", ["pack", "--silent", "--pack-destination", folder, ...names], { cwd: repositoryRoot });
  const pack = await finished(packed, "");
  expect(pack.status, pack.stderr).toBe(0);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const tarballs = (await readdir(folder)).filter((name) => name.endsWith(".tgz")).map((name) => `./${name}`);
  expect(tarballs).toHaveLength(names.length);
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs, "@types/node@20"];
  const install = await finished(spawn("npm", args, { cwd: folder }), "");
  const hasNoRegistry = /ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENOTCACHED/.test(install.stderr);
  if (hasNoRegistry) missing = "the registry of npm does not answer";
  else expect(install.status, install.stderr).toBe(0);
  await cp(programs, folder, { recursive: true });
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

function skipWithoutRegistry(context: TestContext): void {
  if (missing !== undefined) context.skip(missing);
}

it("carry the .proto files, and no tests", async (context) => {
  skipWithoutRegistry(context);
  const protocol = join(folder, "node_modules/@sluice/protocol");
  for (const name of ["log", "records", "cluster", "groups"])
    expect(existsSync(join(protocol, `proto/sluice/v1/${name}.proto`)), name).toBe(true);
  const files = await readdir(join(folder, "node_modules/@sluice"), { recursive: true });
  expect(files.filter((file) => /\.test\./.test(file))).toEqual([]);
});

it("compile in a strict program, the types of libraries included", async (context) => {
  skipWithoutRegistry(context);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    module: "NodeNext",
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable"],
    types: ["node"],
    noEmit: true,
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["types.ts"] }));
  const compiler = join(repositoryRoot, "node_modules/typescript/bin/tsc");
  const { status, stdout } = await ran(process.execPath, [compiler, "-p", "tsconfig.json"], dirname(process.execPath));
  expect(stdout).toBe("");
  expect(status).toBe(0);
}, 120_000);

describe.each([process.versions.node, ...otherNodeVersions])("on Node %s", (version) => {
  let node: string;
  beforeAll(async () => {
    node = version === process.versions.node ? dirname(process.execPath) : await nodeDirectory(version);
  }, 300_000);

  it("are imported by ES modules, and required by CommonJS", async (context) => {
    skipWithoutRegistry(context);
    expect((await ran("node", ["--version"], node)).stdout).toMatch(`v${version}`);
    for (const program of ["import.mjs", "require.cjs"]) {
      const { status, stdout, stderr } = await ran("node", [program], node);
      // Early versions of Node say that require() of ES modules is new.
      expect(stderr.replace(/^.*ExperimentalWarning: CommonJS module .*\n.*--trace-warnings.*\n/m, "")).toBe("");
      expect(stdout, program).toBe("o-1 12.50\n");
      expect(status).toBe(0);
    }
  }, 120_000);

  it("do what the quickstart says", async (context) => {
    skipWithoutRegistry(context);
    const brokers = await startCluster(node);
    const env = { SLUICE_BROKERS: brokers };
    const [, commands = []] = readmeBlocks("Quickstart", "sh");
    expect(commands.length).toBeGreaterThan(3);
    for (const command of commands) {
      const { status, stdout, stderr } = await ran("bash", ["-c", command.replaceAll("npx ", "")], node, env);
      expect(status, `${command}\n${stdout}${stderr}`).toBe(0);
    }
    const [program = []] = readmeBlocks("From a program", "js");
    await writeFile(join(folder, "quickstart.mjs"), program.join("\n"));
    const { status, stdout, stderr } = await ran("node", ["quickstart.mjs"], node, env);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/ann 12\.50/);
    expect(status).toBe(0);
  }, 120_000);
});

if (otherNodeVersions.length === 0)
  it("on other versions of Node", (context) => context.skip("SLUICE_TEST_NODES does not name any, as in 20,22,24,26"));

/** Addresses of a cluster that ends with the test. */
async function startCluster(node: string): Promise<string> {
  const child: ChildProcess = run("node", ["cluster.mjs"], { node });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.stdin?.end();
    await exited;
  });
  const [line] = (await once(child.stdout?.setEncoding("utf8") as NodeJS.EventEmitter, "data")) as [string];
  return line.trim();
}
