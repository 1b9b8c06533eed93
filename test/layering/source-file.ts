/** Reads a TypeScript source file for the layering test: what it imports, and which globals it touches. */

import { readFileSync } from "node:fs";
import { parseAst } from "vite";

export interface SourceFacts {
  /** Module specifiers of imports, re-exports and dynamic imports. */
  readonly imports: readonly string[];
  /** Free names in value positions, and `Name.member` for members of such names: `Date`, `Math.random`, `process`. */
  readonly globals: ReadonlySet<string>;
  readonly hasAwait: boolean;
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

export function readSourceFacts(path: string): SourceFacts {
  return sourceFactsOf(readFileSync(path, "utf8"));
}

export function sourceFactsOf(code: string): SourceFacts {
  const imports: string[] = [];
  const globals = new Set<string>();
  let hasAwait = false;
  const visit = (node: Node): void => {
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
      case "ImportExpression": {
        const source = node.source as { value?: unknown } | null;
        if (typeof source?.value === "string") imports.push(source.value);
        break;
      }
      case "AwaitExpression":
        hasAwait = true;
        break;
      case "Identifier":
        globals.add(node.name as string);
        break;
      case "MemberExpression": {
        const object = node.object as Node;
        const property = node.property as Node;
        if (object.type === "Identifier" && property.type === "Identifier") {
          globals.add(`${String(object.name)}.${String(property.name)}`);
        }
        break;
      }
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(parseAst(code, { lang: "ts" }) as unknown as Node);
  return { imports, globals, hasAwait };
}

/** Nodes below a node, without types and without the names of members and keys, which are not globals. */
function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (const [key, value] of Object.entries(node)) {
    // `value instanceof Date` asks what a caller gave, not what time it is.
    if (key === "right" && node.operator === "instanceof") continue;
    const isName = (key === "property" || key === "key") && node.computed === false;
    if (isName || key === "typeAnnotation" || key === "typeArguments" || key === "returnType") continue;
    for (const each of Array.isArray(value) ? value : [value]) {
      if (isNode(each) && !each.type.startsWith("TSType") && !each.type.startsWith("TSInterface")) children.push(each);
    }
  }
  return children;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}
