#!/usr/bin/env node
/** Sums the JSON reports of vitest in a directory and prints `N passed, N failed, N skipped`: the last line of the gate. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [directory = ".", failedSteps = "0"] = process.argv.slice(2);
let passed = 0;
let failed = Number(failedSteps);
let skipped = 0;
for (const name of readdirSync(directory)) {
  const report = JSON.parse(readFileSync(join(directory, name), "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests + report.numTodoTests;
}
if (passed === 0) failed += 1;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
