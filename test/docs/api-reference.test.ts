/**
 * docs/api is made from the declarations of the packages that applications use, and nothing of them is without words.
 * `npm run build`, then `npx vitest run --project unit test/docs -u` writes it anew.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type PublicMember, type PublicSymbol, publicSymbols } from "./public-symbols.js";

const root = join(import.meta.dirname, "../..");
const pages = join(root, "docs/api");
const documented = ["client", "testing"] as const;

/** What needs no words: every class that holds something is closed this way. */
const selfEvident = new Set(["[Symbol.asyncDispose]", "[Symbol.dispose]"]);

/** Types of TypeScript and of Node, and those of the ports and brokers that only tests replace. */
const fromLibraries = new Set(
  `AsyncDisposable AsyncIterable AsyncIterableIterator Awaited Disposable ErrorOptions Exclude Extract Iterable
  IterableIterator Iterator NodeJS Omit Partial Pick PropertyKey Readonly ReadonlyArray ReadonlyMap ReadonlySet Record Required
  Signals Writable Clock Random Transport LocalCluster`.split(/\s+/),
);

/** Names of types in a declaration: words with a capital, but for texts, members, and the type parameters of its owner. */
function typeNames(declaration: string, head: string): string[] {
  const plain = declaration.replace(/"[^"]*"/g, "");
  const parameters = `${head} ${plain}`.matchAll(
    /(?:[<,]\s*(?:const )?|infer |\[)([A-Z]\w*)(?= extends | in | = |[,>])/g,
  );
  const members = plain.matchAll(/\b([A-Z]\w*)\??:/g);
  const own = new Set([...parameters, ...members].map(([, name]) => name));
  return [...plain.matchAll(/(?<![\w.])([A-Z][A-Za-z]\w*)/g)]
    .map(([, name]) => name as string)
    .filter((name) => !own.has(name));
}

const symbolsByPackage = new Map(documented.map((name) => [name, publicSymbols(join(root, "packages"), name)]));
const all = [...symbolsByPackage.values()].flat();

/** Tags as people read them. */
function markdown(doc: string): string {
  return doc
    .replace(/\s*@throws\s+/g, "\n\n*Throws* ")
    .replace(/\s*@returns\s+/g, "\n\n*Returns* ")
    .replace(/\s*@param\s+(\S+)\s+/g, "\n\n`$1`: ")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .trim();
}

function firstSentence(doc: string): string {
  const text = doc.replace(/\s+/g, " ").replace(/ ?@.*$/, "");
  return (/^.*?[.:](?= |$)/.exec(text)?.[0] ?? text).replace(/:$/, ".").replaceAll("|", "\\|");
}

function memberText(member: PublicMember): string {
  return `### ${member.name}\n\n\`\`\`ts\n${member.text}\n\`\`\`\n\n${markdown(member.doc)}\n`;
}

function symbolText(symbol: PublicSymbol): string {
  return `\`\`\`ts\n${symbol.text}\n\`\`\`\n\n${markdown(symbol.doc)}\n`;
}

function classPage(symbol: PublicSymbol): string {
  const members = symbol.members.filter(({ name }) => !selfEvident.has(name));
  return `# ${symbol.name}\n\n${symbolText(symbol)}\n${members.map(memberText).join("\n")}`;
}

/** Interfaces, types, functions and constants share a page, each with its members in a list. */
function listPage(title: string, symbols: readonly PublicSymbol[]): string {
  const texts = symbols.map((symbol) => {
    const members = symbol.members.map(({ text, doc }) => `- \`${text}\` ${markdown(doc).replace(/\n+/g, " ")}`);
    return `## ${symbol.name}\n\n${symbolText(symbol)}${members.length === 0 ? "" : `\n${members.join("\n")}\n`}`;
  });
  return `# ${title}\n\n${texts.join("\n")}`;
}

function isClass({ kind }: PublicSymbol): boolean {
  return kind === "class";
}

/** Where a symbol is described. */
function pageOf(symbol: PublicSymbol, owner: string): string {
  if (isClass(symbol)) return `${symbol.name}.md`;
  return symbol.kind === "interface" || symbol.kind === "type" ? `${owner}-types.md` : `${owner}-functions.md`;
}

function madePages(): Map<string, string> {
  const made = new Map<string, string>();
  const sections: string[] = [];
  for (const [owner, symbols] of symbolsByPackage) {
    for (const symbol of symbols.filter(isClass)) made.set(`${symbol.name}.md`, classPage(symbol));
    const others = symbols.filter((symbol) => !isClass(symbol));
    for (const page of new Set(others.map((symbol) => pageOf(symbol, owner)))) {
      const what = page.endsWith("-types.md") ? "types" : "functions and constants";
      made.set(
        page,
        listPage(
          `Of @sluice/${owner}: ${what}`,
          others.filter((symbol) => pageOf(symbol, owner) === page),
        ),
      );
    }
    const rows = symbols.map((symbol) => {
      const page = pageOf(symbol, owner);
      const link = isClass(symbol) ? page : `${page}#${symbol.name.toLowerCase()}`;
      return `| [${symbol.name}](${link}) | ${symbol.kind} | ${firstSentence(symbol.doc)} |`;
    });
    sections.push(`## @sluice/${owner}\n\n| name | kind | what it is |\n|---|---|---|\n${rows.join("\n")}\n`);
  }
  const intro = "Made from the declarations of the packages; the words are those of the source.";
  made.set("README.md", `# API reference\n\n${intro}\n\n${sections.join("\n")}`);
  return made;
}

describe("the API reference", () => {
  const made = madePages();

  it.each([...made.keys()])("docs/api/%s is as the packages are", async (name) => {
    await expect(made.get(name)).toMatchFileSnapshot(join(pages, name));
  });

  it("has no page of what is gone", () => {
    expect(readdirSync(pages).sort()).toEqual([...made.keys()].sort());
  });
});

describe("every public symbol", () => {
  it("is documented", () => {
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter(({ doc }) => doc === "").map(({ name }) => name)).toEqual([]);
  });

  it("has documented members", () => {
    const bare = all.flatMap(({ name, members }) => {
      // An overload or a setter may rely on the words of its first.
      const told = new Set(members.filter(({ doc }) => doc !== "").map((member) => member.name));
      return members
        .filter((member) => !told.has(member.name) && !selfEvident.has(member.name))
        .map((member) => `${name}.${member.name}`);
    });
    expect(bare).toEqual([]);
  });

  it("names only types that are exported, so that applications can name them too", () => {
    const exported = new Set(all.map(({ name }) => name));
    const named = all.flatMap(({ name, kind, text, members }) => {
      const texts = [text, ...members.filter((member) => member.name !== "constructor").map((member) => member.text)];
      return texts.flatMap((one) => typeNames(one, text)).map((type) => `${type} (in ${kind} ${name})`);
    });
    const isKnown = (entry: string): boolean => {
      const [type = ""] = entry.split(" ");
      return exported.has(type) || type in globalThis || fromLibraries.has(type);
    };
    expect([...new Set(named)].filter((entry) => !isKnown(entry)).sort()).toEqual([]);
  });
});
