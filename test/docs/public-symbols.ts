/**
 * What a package exports, read from the declarations that its build made: every symbol with its docstring, its text and its
 * members. For the API reference, and for the test that nothing of it is without words.
 *
 * The class that a file is named after is described by the comment that opens the file, where it has none of its own.
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseAst } from "vite";

export type SymbolKind = "class" | "interface" | "type" | "function" | "constant";

export interface PublicMember {
  /** As it is written: `send`, `[Symbol.asyncDispose]`, `constructor`. */
  readonly name: string;
  /** Its declaration, on one line where it fits. */
  readonly text: string;
  /** Empty: none. */
  readonly doc: string;
}

export interface PublicSymbol {
  readonly name: string;
  readonly kind: SymbolKind;
  readonly doc: string;
  /** Its whole declaration for a type, a function or a constant; the head for a class or an interface. */
  readonly text: string;
  /** Of a class or an interface, overloads each for itself. */
  readonly members: readonly PublicMember[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** All that `packages/NAME` exports, by name. @throws Error where the package is not built */
export function publicSymbols(packagesDirectory: string, name: string): PublicSymbol[] {
  const index = join(packagesDirectory, name, "dist/index.d.ts");
  if (!existsSync(index)) throw new Error(`${index} is not there: run 'npm run build' first`);
  const found = new Map<string, PublicSymbol>();
  for (const symbol of exportsOf(index, packagesDirectory)) {
    const overload = found.get(symbol.name);
    // The words are at the first of several overloads.
    const merged = overload && { ...overload, text: `${overload.text}\n${symbol.text}` };
    found.set(symbol.name, merged ?? symbol);
  }
  return [...found.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

function exportsOf(path: string, packagesDirectory: string): PublicSymbol[] {
  const file = new Declarations(path);
  return file.body.flatMap((node) => {
    const source = (node.source as { readonly value: string } | null | undefined)?.value;
    if (node.type === "ExportAllDeclaration")
      return exportsOf(resolve(path, source ?? "", packagesDirectory), packagesDirectory);
    if (node.type !== "ExportNamedDeclaration") return [];
    if (source === undefined) return file.symbolsOf(node);
    const wanted = new Map((node.specifiers as Specifier[]).map(({ local, exported }) => [local.name, exported.name]));
    return exportsOf(resolve(path, source, packagesDirectory), packagesDirectory)
      .filter((symbol) => wanted.has(symbol.name))
      .map((symbol) => ({ ...symbol, name: wanted.get(symbol.name) as string }));
  });
}

interface Specifier {
  readonly local: { readonly name: string };
  readonly exported: { readonly name: string };
}

function resolve(from: string, specifier: string, packagesDirectory: string): string {
  if (specifier.startsWith("@sluice/")) return join(packagesDirectory, specifier.slice(8), "dist/index.d.ts");
  return join(dirname(from), specifier.replace(/\.js$/, ".d.ts"));
}

/** One file of declarations. */
class Declarations {
  readonly body: readonly Node[];
  readonly #code: string;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.#code = readFileSync(path, "utf8");
    this.body = parseAst(this.#code, { lang: "dts" }).body as unknown as Node[];
  }

  symbolsOf(statement: Node): PublicSymbol[] {
    const node = statement.declaration as Node | null;
    if (node === null) return [];
    const doc = this.#docBefore(statement.start);
    if (node.type === "VariableDeclaration")
      return (node.declarations as Node[]).map((each) => {
        const name = (each.id as { readonly name: string }).name;
        return { name, kind: "constant", doc, text: this.#text(node), members: [] };
      });
    const name = (node.id as { readonly name: string }).name;
    const kind = kinds[node.type];
    if (kind === undefined) return [];
    if (kind === "function" || kind === "type") return [{ name, kind, doc, text: this.#text(node), members: [] }];
    const body = node.body as Node;
    const members = [...this.#membersOf(body), ...this.#inheritedBy(node)];
    const head = oneLine(this.#code.slice(node.start, body.start)).replace(/^declare | extends \w+Admin\b/g, "");
    return [{ name, kind, doc: doc || this.#fileDoc(name), text: head, members }];
  }

  #membersOf(body: Node): PublicMember[] {
    return (body.body as Node[]).flatMap((node) => {
      const key = node.key as Node | undefined;
      if (key?.type === "PrivateIdentifier" || node.accessibility === "private" || node.accessibility === "protected")
        return [];
      const name = key === undefined ? node.type : this.#code.slice(key.start, key.end);
      const isComputed = node.computed === true && key?.type !== "Identifier";
      return [
        { name: isComputed ? `[${name}]` : name, text: oneLine(this.#text(node)), doc: this.#docBefore(node.start) },
      ];
    });
  }

  /** Members of a class of ours that this one extends, but for what it has itself. */
  #inheritedBy(node: Node): PublicMember[] {
    const name = (node.superClass as { readonly name?: string } | null | undefined)?.name;
    const source = this.body.find(
      (each) =>
        each.type === "ImportDeclaration" &&
        (each.specifiers as Specifier[]).some(({ local }) => local.name === name) &&
        (each.source as unknown as { readonly value: string }).value.startsWith("."),
    )?.source as { readonly value: string } | undefined;
    if (name === undefined || source === undefined) return [];
    const file = new Declarations(join(dirname(this.#path), source.value.replace(/\.js$/, ".d.ts")));
    const symbols = file.body.flatMap((each) => (each.type === "ExportNamedDeclaration" ? file.symbolsOf(each) : []));
    const inherited = symbols.find((symbol) => symbol.name === name)?.members ?? [];
    const own = new Set(this.#membersOf(node.body as Node).map((member) => member.name));
    return inherited.filter((member) => member.name !== "constructor" && !own.has(member.name));
  }

  #text(node: Node): string {
    return this.#code.slice(node.start, node.end).replace(/\s*\/\*\*[\s\S]*?\*\//g, "");
  }

  /** The docstring that ends where this begins. */
  #docBefore(start: number): string {
    const before = this.#code.slice(0, start).trimEnd();
    if (!before.endsWith("*/")) return "";
    const open = before.lastIndexOf("/**");
    // Another statement in between: the comment is not of this one.
    return /^\/\*\*(?:(?!\*\/)[\s\S])*\*\/$/.test(before.slice(open)) ? plain(before.slice(open)) : "";
  }

  #fileDoc(name: string): string {
    const kebab = name.replace(/(?<=[a-z])([A-Z])/g, "-$1").toLowerCase();
    const comment = /^\/\*\*[\s\S]*?\*\//.exec(this.#code)?.[0];
    return this.#path.endsWith(`/${kebab}.d.ts`) && comment !== undefined ? plain(comment) : "";
  }
}

const kinds: Readonly<Record<string, SymbolKind | undefined>> = {
  ClassDeclaration: "class",
  TSInterfaceDeclaration: "interface",
  TSTypeAliasDeclaration: "type",
  TSDeclareFunction: "function",
  FunctionDeclaration: "function",
};

/** A comment without its stars. */
function plain(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
