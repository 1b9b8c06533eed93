/**
 * The direction of imports and the purity of the core, as docs/architecture.md draws them.
 *
 * What is allowed is listed here and nowhere else: a new arrow, a new dependency or a new place that touches the world is a
 * change of this file, to be argued for in its commit.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { describe, expect, it } from "vitest";
import { readSourceFacts, sourceFactsOf } from "./source-file.js";

const root = join(import.meta.dirname, "../..");

/** Which packages of ours a package may import. */
const arrows: Record<string, readonly string[]> = {
  model: [],
  record: ["model"],
  log: ["model", "record"],
  replication: ["model"],
  groups: ["model"],
  cluster: ["model"],
  coordination: ["model", "cluster"],
  protocol: ["model"],
  broker: ["model", "record", "log", "replication", "groups", "cluster", "coordination", "protocol"],
  client: ["model", "record", "protocol"],
  testing: ["model", "client", "broker"],
  testcontainers: ["model", "client"],
  simulator: ["model", "record", "log", "replication", "cluster", "coordination", "protocol", "broker", "client"],
  cli: ["model", "log", "protocol", "client", "broker"],
};

const purePackages = ["model", "replication", "groups", "cluster"];

/** Packages that act, and reach the world through ports. `cli` is the edge of the process. */
const ioPackages = ["record", "log", "coordination", "protocol", "broker", "client"];

/** What no pure file touches. */
const impureGlobals = [
  "Date",
  "Math.random",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "process",
  "console",
  "performance",
  "crypto",
  "fetch",
  "globalThis",
];

/** What of the world no file of the IO packages touches, unless it implements a port. Paths are below packages/. */
const worldGlobals = impureGlobals.filter((name) => name !== "queueMicrotask" && name !== "globalThis");

/** Files that implement a port, or are the edge of the process: here, and only here, is the world. */
const portFiles: readonly string[] = [
  "model/src/node/node-clock.ts",
  "model/src/node/node-random.ts",
  "log/src/node-file-system.ts",
  "log/src/compaction/compaction-thread.ts",
  "log/src/compaction/compaction-worker.ts",
  "record/src/codecs/optional-codec-packages.ts",
  "protocol/src/",
  "client/src/process-signals.ts",
  "client/src/stderr-logger.ts",
  "client/src/tracing/open-telemetry.ts",
  "broker/src/broker-version.ts",
  "broker/src/http-server.ts",
  "broker/src/node-process-statistics.ts",
];

/** Modules of Node that any file of a package may import. */
const harmlessBuiltins: Record<string, readonly string[]> = {
  record: ["node:buffer", "node:zlib"],
  log: ["node:buffer", "node:path/posix"],
  coordination: ["node:buffer"],
  protocol: ["node:buffer"],
  broker: ["node:buffer", "node:events", "node:path"],
  // diagnostics_channel: it only tells whoever subscribes within the process; nothing comes back from it.
  client: ["node:async_hooks", "node:buffer", "node:diagnostics_channel", "node:events", "node:stream"],
};

/** Each dependency from outside, and the only files that import it. */
const dependencies: Record<string, readonly string[]> = {
  "@node-rs/crc32": ["record/src/crc32c.ts"],
  snappy: ["record/src/codecs/optional-codec-packages.ts"],
  "lz4-napi": ["record/src/codecs/optional-codec-packages.ts"],
  "@hpcc-js/wasm-zstd": ["record/src/codecs/optional-codec-packages.ts"],
  "fs-native-extensions": ["log/src/node-file-system.ts"],
  "@grpc/grpc-js": ["protocol/src/"],
  "@grpc/proto-loader": ["protocol/src/"],
  "@grpc/reflection": ["protocol/src/"],
  etcd3: ["coordination/src/etcd/"],
  cockatiel: ["coordination/src/etcd/"],
  testcontainers: ["testcontainers/src/"],
  pino: ["broker/src/logging.ts"],
  "prom-client": ["broker/src/metrics"],
  yaml: ["broker/src/"],
  commander: ["cli/src/"],
  picocolors: ["cli/src/"],
  "@opentelemetry/api": ["client/src/tracing/open-telemetry.ts"],
};

interface Source {
  readonly path: string;
  readonly owner: string;
}

const sources: Source[] = Object.keys(arrows).flatMap((owner) =>
  readdirSync(join(root, "packages", owner, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => path.split(sep).join("/"))
    .filter((path) => path.endsWith(".ts") && !/\.(test|compliance)\.ts$/.test(path) && !path.startsWith("generated/"))
    .map((path) => ({ path: `${owner}/src/${path}`, owner })),
);

function isListed(path: string, list: readonly string[]): boolean {
  return list.some(
    (entry) => path === entry || (entry.endsWith("/") ? path.startsWith(entry) : path.startsWith(`${entry}/`)),
  );
}

function isAllowedImport(specifier: string, path: string, owner: string): boolean {
  const target = packageOf(specifier);
  if (target.startsWith("@sluice/")) return (arrows[owner] ?? []).includes(target.slice("@sluice/".length));
  if (specifier.startsWith("node:")) {
    return (
      owner === "cli" ||
      owner === "testing" ||
      owner === "testcontainers" ||
      isListed(path, portFiles) ||
      (harmlessBuiltins[owner] ?? []).includes(specifier)
    );
  }
  return isListed(path, dependencies[target] ?? []);
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
}

describe("layering", () => {
  it("knows every package, and finds its sources", () => {
    expect(readdirSync(join(root, "packages")).sort()).toEqual(Object.keys(arrows).sort());
    for (const name of Object.keys(arrows))
      expect(sources.filter(({ owner }) => owner === name).length).toBeGreaterThan(0);
  });

  it("declares in package.json and in tsconfig.json what the arrows allow, and no more", () => {
    for (const [name, allowed] of Object.entries(arrows)) {
      const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as {
        dependencies?: Record<string, string>;
      };
      const ours = Object.keys(manifest.dependencies ?? {}).filter((dependency) => dependency.startsWith("@sluice/"));
      for (const dependency of ours) expect(allowed, `packages/${name}/package.json`).toContain(dependency.slice(8));
    }
  });

  describe.each(Object.keys(arrows))("%s", (owner) => {
    const own = sources.filter((source) => source.owner === owner);

    it("imports along the arrows, and dependencies only where they are listed", () => {
      for (const { path } of own) {
        for (const specifier of readSourceFacts(join(root, "packages", path)).imports) {
          if (!specifier.startsWith("."))
            expect(isAllowedImport(specifier, path, owner), `${path} imports ${specifier}`).toBe(true);
        }
      }
    });

    if (purePackages.includes(owner))
      it("is pure", () => {
        for (const { path } of own.filter((source) => !isListed(source.path, portFiles))) {
          const { globals, hasAwait } = readSourceFacts(join(root, "packages", path));
          expect(hasAwait, `${path} awaits`).toBe(false);
          for (const name of impureGlobals) expect(globals.has(name), `${path} touches ${name}`).toBe(false);
        }
      });

    if (ioPackages.includes(owner))
      it("touches the world only in the files that implement a port", () => {
        for (const { path } of own.filter((source) => !isListed(source.path, portFiles))) {
          const { globals } = readSourceFacts(join(root, "packages", path));
          for (const name of worldGlobals) expect(globals.has(name), `${path} touches ${name}`).toBe(false);
        }
      });
  });

  it("keeps every file of the list of ports in being", () => {
    for (const entry of portFiles) expect(existsSync(join(root, "packages", entry)), entry).toBe(true);
  });
});

describe("the reader of sources", () => {
  it("sees imports of all kinds, awaits, and globals behind members", () => {
    const facts = sourceFactsOf(`
      import type { A } from "./a.js"; export * from "./b.js"; const c = import("./c.js");
      export async function f(): Promise<Date> { await c; return Math.random() > 0 ? process.env.X : x.console; }
    `);
    expect(facts.imports).toEqual(["./a.js", "./b.js", "./c.js"]);
    expect(facts.hasAwait).toBe(true);
    expect(["Math.random", "process"].every((name) => facts.globals.has(name))).toBe(true);
    expect(facts.globals.has("console")).toBe(false);
    expect(facts.globals.has("Date")).toBe(false);
  });
});
