/** The code of README.md, for the tests that do what it says. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./program.js";

/** Code blocks of a section, each as its lines. */
export function readmeBlocks(section: string, language: string): string[][] {
  const readme = readFileSync(join(repositoryRoot, "README.md"), "utf8");
  const text = readme.split(`\n## ${section}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map((match) =>
    (match[1] ?? "").trim().split("\n"),
  );
}
