/** Every relative link in the documentation leads to a file, and every anchor to a heading of it. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

function pages(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md") && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name));
}

const all = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map((name) => join(root, name)),
  ...["docs", "examples", "bench", "packages"].flatMap((name) => pages(join(root, name))),
];

/** As GitHub makes them: lower case, no punctuation, hyphens for blanks. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

function brokenLinks(page: string): string[] {
  const text = readFileSync(page, "utf8").replace(/```.*?```/gs, "");
  const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : join(dirname(page), path);
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchors(readFileSync(target, "utf8")).has(anchor);
  });
}

it("finds the pages, and their links", () => {
  expect(all.length).toBeGreaterThan(20);
  expect(brokenLinks(join(root, "README.md"))).toEqual([]);
});

it.each(all.map((page) => relative(root, page)))("%s", (page) => {
  expect(brokenLinks(join(root, page))).toEqual([]);
});
