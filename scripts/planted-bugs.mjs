#!/usr/bin/env node
/**
 * `npm run sim:planted-bugs [-- --seeds N --events M --only id,id --shrink]`: plants each bug of the list into a bundle of the simulator
 * with the brokers, runs seeds until an invariant breaks, and says how many it took. Fails where a bug is not found, or where the
 * seed that found it breaks something without it as well. With `--shrink` it says too how few faults were needed.
 *
 * Bundles go to .cache/planted-bugs. The sources are left alone.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { build } from "vite";
import { plantedBugs, plantedIn } from "../packages/simulator/dist/planted-bugs/planted-bugs.js";

const root = join(import.meta.dirname, "..");
const bundles = join(root, ".cache/planted-bugs");

const option = (name, otherwise) => {
  const place = process.argv.indexOf(`--${name}`);
  return place === -1 ? otherwise : process.argv[place + 1];
};
const seeds = option("seeds", "2000");
const events = option("events", "5000");
const only = option("only", undefined)?.split(",");
const shrinks = process.argv.includes("--shrink");
/** The sources as they are. */
const nothing = { id: "nothing", changes: [] };

/** Replaces the text of the bug in the modules that it names. */
function plant(bug) {
  const left = new Set(bug.changes);
  return {
    name: "planted-bug",
    enforce: "pre",
    transform(source, id) {
      const file = relative(root, id.split("?", 1)[0]);
      let text = source;
      for (const change of bug.changes) {
        if (change.file !== file) continue;
        left.delete(change);
        text = plantedIn(text, change);
      }
      return text === source ? undefined : { code: text, map: null };
    },
    buildEnd(error) {
      if (error === undefined && left.size > 0) throw new Error(`${[...left][0].file} is not part of the bundle`);
    },
  };
}

async function bundle(bug) {
  const outDir = join(bundles, bug.id);
  const conditions = ["@sluice/source"];
  await build({
    root,
    configFile: false,
    logLevel: "error",
    resolve: { conditions },
    ssr: { noExternal: [/^@sluice\//], resolve: { conditions } },
    plugins: [plant(bug)],
    build: {
      ssr: join(root, "packages/simulator/src/swarm-main.ts"),
      outDir,
      emptyOutDir: true,
      minify: false,
      rollupOptions: { output: { entryFileNames: "swarm.mjs", chunkFileNames: "[name].mjs" } },
    },
  });
  return join(outDir, "swarm.mjs");
}

// Where the bundled broker looks for its version.
mkdirSync(bundles, { recursive: true });
writeFileSync(join(bundles, "package.json"), '{ "version": "0.0.0" }\n');

/** Runs seeds, and stops at the first that breaks an invariant. */
function swarm(file, options) {
  const { stdout, stderr } = spawnSync(process.execPath, [file, "--events", events, ...options], { encoding: "utf8" });
  const violation = /^seed (\d+): VIOLATED (\S+): (.*)$/m.exec(stdout);
  if (violation === null) return { stderr };
  const [, seed, invariant, text] = violation;
  return { seed, invariant, text, faults: /^shrunk to (\d+) faults$/m.exec(stdout)?.[1] };
}

function outcomeOf({ mix }, file, unplanted) {
  const mixed = mix === undefined ? [] : ["--mix", mix.join()];
  const found = swarm(file, ["--seeds", seeds, ...mixed, ...(shrinks ? ["--shrink"] : [])]);
  if (found.seed === undefined) return { isFound: false, text: `NOT FOUND in ${seeds} seeds ${found.stderr}` };
  const where = `seed ${found.seed} breaks ${found.invariant}`;
  if (swarm(unplanted, ["--from", found.seed, "--seeds", "1", ...mixed]).seed !== undefined) {
    return { isFound: false, text: `${where}, AND BREAKS SOMETHING WITHOUT IT TOO` };
  }
  const text = found.faults === undefined ? where : `${where}, with ${found.faults} faults`;
  return { isFound: true, text: `${text}: ${found.text}` };
}

const unplanted = await bundle(nothing);
let missed = 0;
for (const bug of plantedBugs) {
  if (only !== undefined && !only.includes(bug.id)) continue;
  const { isFound, text } = outcomeOf(bug, await bundle(bug), unplanted);
  if (!isFound) missed += 1;
  console.log(`${bug.id.padEnd(40)} ${text}`);
}
if (missed > 0) process.exitCode = 1;
