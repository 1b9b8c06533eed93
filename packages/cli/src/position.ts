/**
 * Positions in a log as people write them.
 *
 *     --from, --to of consume    earliest  latest  end  42  -10 (the last ten)  2026-01-31T12:00:00Z  @1769860800000  -1h
 *     --to of group reset        earliest  latest  end  42  +100  -100  @2026-01-31T12:00:00Z  -1h  group:OTHER  file:OFFSETS
 *                                and as they were written before: offset:42  time:2026-01-31T12:00:00Z  shift:-100
 *
 * A time without a zone is UTC, as in everything that `sluice` prints. `-1h` is one hour ago.
 */

import { InvalidArgumentError } from "commander";
import { durationMs } from "./command-options.js";

const isoTime = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?<zone>Z|[+-]\d{2}:\d{2})?)?$/i;

/** A place in a log; `last`: so many records before the end, in each partition. */
export type Position = "earliest" | "latest" | number | { readonly timestamp: number } | { readonly last: number };

/** Where a reset goes: a place, a distance from what is committed, a time ago, what another group has, or what a file says. */
export type ResetTarget =
  | Exclude<Position, { readonly last: number }>
  | { readonly shift: number }
  | { readonly durationMs: number }
  | { readonly group: string }
  | { readonly file: string };

const positionForm =
  "It takes earliest, latest, an offset, -N for the last N records, a time such as 2026-01-31T12:00:00Z, or -1h for an hour ago.";
const resetForm =
  "It takes earliest, latest, an offset N, +N or -N from what is committed, @TIME, -1h for an hour ago, group:OTHER or file:PATH.";

/** @throws InvalidArgumentError */
export function parsePosition(text: string): Position {
  if (text === "earliest" || text === "latest") return text;
  if (text === "end") return "latest";
  if (/^\d+$/.test(text)) return parseOffset(text);
  if (/^-\d+$/.test(text)) return { last: parseOffset(text.slice(1)) };
  return { timestamp: agoMs(text) ?? parseTime(text.replace(/^@/, ""), positionForm) };
}

/** @throws InvalidArgumentError */
export function parseResetTarget(text: string): ResetTarget {
  if (text === "earliest" || text === "latest") return text;
  if (text === "end") return "latest";
  if (/^\d+$/.test(text)) return parseOffset(text);
  if (/^[+-]\d+$/.test(text)) return { shift: parseShift(text) };
  if (text.startsWith("@")) return { timestamp: parseTime(text.slice(1), resetForm) };
  const ago = text.startsWith("-") ? durationMs(text.slice(1)) : undefined;
  return ago === undefined ? parseNamedTarget(text) : { durationMs: ago };
}

/** `kind:value`. */
function parseNamedTarget(text: string): ResetTarget {
  const separator = text.indexOf(":");
  const rest = text.slice(separator + 1);
  if (separator <= 0 || rest === "") throw new InvalidArgumentError(resetForm);
  switch (text.slice(0, separator)) {
    case "offset":
      if (!/^\d+$/.test(rest)) throw new InvalidArgumentError(resetForm);
      return parseOffset(rest);
    case "time":
      return { timestamp: parseTime(rest, resetForm) };
    case "shift":
      return { shift: parseShift(rest) };
    case "group":
      return { group: rest };
    case "file":
      return { file: rest };
    default:
      throw new InvalidArgumentError(resetForm);
  }
}

/** The time so long ago, in milliseconds since 1970; undefined where the text is no `-1h`. */
function agoMs(text: string): number | undefined {
  const ms = text.startsWith("-") ? durationMs(text.slice(1)) : undefined;
  return ms === undefined ? undefined : Math.max(0, Date.now() - ms);
}

function parseShift(text: string): number {
  const shift = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(shift)) throw new InvalidArgumentError(resetForm);
  return shift;
}

/** Milliseconds since 1970 of an ISO 8601 time, or undefined where it is none. */
export function isoTimeMs(text: string): number | undefined {
  const match = isoTime.exec(text);
  if (match === null) return undefined;
  const hasClock = text.length > 10;
  const ms = Date.parse(hasClock && match.groups?.zone === undefined ? `${text}Z` : text);
  return Number.isNaN(ms) || !isSameDay(text, ms, match.groups?.zone) ? undefined : ms;
}

/** Date.parse takes 2026-02-30 for the 2nd of March. */
function isSameDay(text: string, ms: number, zone: string | undefined): boolean {
  const offsetMs = zone === undefined || zone.toUpperCase() === "Z" ? 0 : zoneMs(zone);
  return new Date(ms + offsetMs).toISOString().startsWith(text.slice(0, 10));
}

function zoneMs(zone: string): number {
  const [hours = 0, minutes = 0] = zone.slice(1).split(":").map(Number);
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function parseOffset(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError("The offset is too large.");
  return value;
}

/** An ISO 8601 time, or milliseconds since 1970 behind an @. */
function parseTime(text: string, form: string): number {
  const ms = /^\d{5,}$/.test(text) ? Number(text) : isoTimeMs(text);
  if (ms === undefined || !Number.isSafeInteger(ms) || ms < 0) throw new InvalidArgumentError(form);
  return ms;
}
