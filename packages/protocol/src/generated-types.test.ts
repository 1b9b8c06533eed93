/** `src/generated` is what `npm run generate -w @sluice/protocol` makes of `proto/`. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const packageDirectory = join(import.meta.dirname, "..");

function readTree(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((path) => [path.slice(directory.length), readFileSync(path, "utf8")]));
}

it("is up to date: otherwise run `npm run generate -w @sluice/protocol`", () => {
  const manifest = JSON.parse(readFileSync(join(packageDirectory, "package.json"), "utf8")) as {
    scripts: { generate: string };
  };
  const [, ...args] = manifest.scripts.generate.split(" ");
  const generator = createRequire(import.meta.url).resolve("@grpc/proto-loader/build/bin/proto-loader-gen-types.js");
  const directory = mkdtempSync(join(tmpdir(), "sluice-generated-"));
  try {
    const redirected = args.map((arg) => (arg.startsWith("--outDir=") ? `--outDir=${directory}` : arg));
    expect(redirected).not.toEqual(args);
    execFileSync(process.execPath, [generator, ...redirected], { cwd: packageDirectory, stdio: "pipe" });
    expect(readTree(join(import.meta.dirname, "generated"))).toEqual(readTree(directory));
  } finally {
    rmSync(directory, { recursive: true });
  }
}, 30_000);
