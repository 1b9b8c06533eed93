#!/usr/bin/env node
/** The `sluice` command. Committed, unlike `dist`, so that npm can link it before anything is built. */

import { existsSync } from "node:fs";
import module from "node:module";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) {
  // Node 22 and newer keep compiled code between runs, which starts a command in half the time.
  module.enableCompileCache?.();
  await import(main.href);
} else {
  console.error("error: sluice is not built yet.\nRun 'npm run build' in the repository first.");
  process.exitCode = 1;
}
