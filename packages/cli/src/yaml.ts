/**
 * Plain data as YAML 1.2 in block style. It takes what JSON takes: objects, arrays, texts, numbers, true, false, null.
 *
 * A text is quoted, as in JSON, wherever a reader could take it for something else: so the document reads back as the same data.
 */

/** The document, ended by a line feed. Members that are undefined are left out, as in JSON. */
export function formatYaml(value: unknown): string {
  return `${block(JSON.parse(JSON.stringify(value) ?? "null") as Json, "")}\n`;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

function block(value: Json, indent: string): string {
  if (typeof value !== "object" || value === null) return scalar(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return (value as readonly Json[]).map((item) => `${indent}- ${inItem(item, `${indent}  `)}`).join("\n");
  }
  const members = Object.entries(value as { readonly [name: string]: Json });
  if (members.length === 0) return "{}";
  return members.map(([name, member]) => `${indent}${scalar(name)}:${afterName(member, indent)}`).join("\n");
}

/** A member goes on its own lines below its name, unless it fits behind it. */
function afterName(value: Json, indent: string): string {
  return isShort(value) ? ` ${block(value, "")}` : `\n${block(value, `${indent}  `)}`;
}

/** An item begins behind its dash. */
function inItem(value: Json, indent: string): string {
  return isShort(value) ? block(value, "") : block(value, indent).slice(indent.length);
}

function isShort(value: Json): boolean {
  return typeof value !== "object" || value === null || Object.keys(value).length === 0;
}

/** Texts that begin with a letter and hold nothing that YAML reads as more than text. */
const plainText = /^[A-Za-z_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*$/;
const otherMeaning = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

function scalar(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  return plainText.test(value) && !otherMeaning.test(value) ? value : JSON.stringify(value);
}
