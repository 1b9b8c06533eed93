/**
 * Positions in a log as people write them.
 *
 *     --from, --to of consume    earliest  latest  42  2026-01-31  2026-01-31T12:00:00Z
 *     --to of group reset        earliest  latest  offset:42  time:2026-01-31T12:00:00Z  shift:-100
 *
 * A time without a zone is UTC, as in everything that `sluice` prints.
 */

import { InvalidArgumentError } from "commander";

/** A place in a log. */
export type Position = "earliest" | "latest" | number | { readonly timestamp: number };
/** A place in a log, or a distance from what is committed. */
export type ResetTarget = Position | { readonly shift: number };

const isoTime = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?<zone>Z|[+-]\d{2}:\d{2})?)?$/i;

/** @throws InvalidArgumentError */
export function parsePosition(text: string): Position {
  if (text === "earliest" || text === "latest") return text;
  if (/^\d+$/.test(text)) return parseOffset(text);
  return {
    timestamp: parseTime(text, "It takes earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z."),
  };
}

/** @throws InvalidArgumentError */
export function parseResetTarget(text: string): ResetTarget {
  const form = "It takes earliest, latest, offset:N, time:ISO-TIME or shift:N.";
  if (text === "earliest" || text === "latest") return text;
  const separator = text.indexOf(":");
  const rest = text.slice(separator + 1);
  switch (text.slice(0, Math.max(0, separator))) {
    case "offset":
      if (!/^\d+$/.test(rest)) throw new InvalidArgumentError(form);
      return parseOffset(rest);
    case "time":
      return { timestamp: parseTime(rest, form) };
    case "shift":
      if (!/^[+-]?\d+$/.test(rest) || !Number.isSafeInteger(Number(rest))) throw new InvalidArgumentError(form);
      return { shift: Number(rest) };
    default:
      throw new InvalidArgumentError(form);
  }
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

function parseTime(text: string, form: string): number {
  const ms = isoTimeMs(text);
  if (ms === undefined || ms < 0) throw new InvalidArgumentError(form);
  return ms;
}
