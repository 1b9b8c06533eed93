/**
 * Lines of the file store, in its journal and its snapshot.
 *
 *     line     = checksum SP payload LF
 *     checksum = CRC-32C of the payload's bytes, 8 lower-case hex digits
 *     payload  = JSON in UTF-8; it never holds a raw LF
 *
 * A line of the journal holds the array of changes that one write made durable, so that a write cut off by a crash is at most
 * one line: a bad line at the end is a torn write, a bad line with a good one behind it is damage. The snapshot is one line.
 */

import { crc32c, SluiceError } from "@sluice/model";
import type { KeyValue, StoreEvent } from "./cluster-store.js";
import type { StoreChange, StoreSnapshot } from "./store-state.js";

const lineFeed = 0x0a;
const checksumSize = 8;
const formatVersion = 1;

export interface JournalScan {
  readonly changes: readonly StoreChange[];
  /** Bytes up to the end of the last good line: what follows is a torn write. */
  readonly goodSizeBytes: number;
}

export function encodeJournalLine(changes: readonly StoreChange[]): Buffer {
  return encodeLine(changes);
}

/**
 * Reads a whole journal up to a torn write at its end.
 *
 * @throws SluiceError CORRUPT_FILE when a bad line has a good one behind it, or a good line does not hold changes
 */
export function scanJournal(bytes: Buffer, path: string): JournalScan {
  const changes: StoreChange[] = [];
  let position = 0;
  while (position < bytes.length) {
    const end = bytes.indexOf(lineFeed, position);
    const payload = end === -1 ? undefined : decodeLine(bytes.subarray(position, end));
    if (payload === undefined) {
      if (hasGoodLine(bytes, position)) throw corrupt(path, `the line at byte ${position} is damaged`);
      break;
    }
    if (!isChanges(payload)) throw corrupt(path, `the line at byte ${position} does not hold changes`);
    changes.push(...payload.map(withLeaseIds));
    position = end + 1;
  }
  return { changes, goodSizeBytes: position };
}

export function encodeSnapshot(snapshot: StoreSnapshot): Buffer {
  return encodeLine({ format: formatVersion, ...snapshot });
}

/** @throws SluiceError CORRUPT_FILE */
export function decodeSnapshot(bytes: Buffer, path: string): StoreSnapshot {
  const payload = bytes.at(-1) === lineFeed ? decodeLine(bytes.subarray(0, -1)) : undefined;
  if (payload === undefined) throw corrupt(path, "its checksum does not match");
  const { format, revision, entries } = payload as { format?: unknown; revision?: unknown; entries?: unknown };
  if (format !== formatVersion) throw corrupt(path, `it has format ${String(format)}, not ${formatVersion}`);
  if (!isRevision(revision) || !Array.isArray(entries) || !entries.every(isEntry)) {
    throw corrupt(path, "it does not hold a snapshot");
  }
  return { revision, entries: entries.map(withLeaseId) };
}

/** CORRUPT_FILE for a file of the store. */
export function corrupt(path: string, reason: string): SluiceError<"CORRUPT_FILE"> {
  return new SluiceError("CORRUPT_FILE", { path, reason });
}

function encodeLine(value: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(value), "utf8");
  return Buffer.concat([Buffer.from(`${checksumText(payload)} `, "latin1"), payload, Buffer.from([lineFeed])]);
}

/** The payload's value, or undefined for a line that is not what was written. `line` comes without its LF. */
function decodeLine(line: Buffer): unknown {
  const payload = line.subarray(checksumSize + 1);
  const head = line.toString("latin1", 0, checksumSize + 1);
  if (payload.length === 0 || head !== `${checksumText(payload)} `) return undefined;
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    // Right checksum and no JSON: not a line of ours.
    return undefined;
  }
}

function checksumText(payload: Buffer): string {
  return crc32c(payload).toString(16).padStart(checksumSize, "0");
}

function hasGoodLine(bytes: Buffer, from: number): boolean {
  let position = from;
  for (let end = bytes.indexOf(lineFeed, position); end !== -1; end = bytes.indexOf(lineFeed, position)) {
    if (decodeLine(bytes.subarray(position, end)) !== undefined) return true;
    position = end + 1;
  }
  return false;
}

function isChanges(value: unknown): value is StoreChange[] {
  return (
    Array.isArray(value) &&
    value.every((change: Partial<StoreChange> | null) => {
      return isRevision(change?.revision) && Array.isArray(change?.events) && change.events.every(isEvent);
    })
  );
}

function isEvent(value: unknown): value is StoreEvent {
  const event = value as { type?: unknown; entry?: unknown; key?: unknown; modRevision?: unknown } | null;
  if (event?.type === "put") return isEntry(event.entry);
  return event?.type === "delete" && typeof event.key === "string" && isRevision(event.modRevision);
}

function isEntry(value: unknown): value is KeyValue {
  const entry = value as Partial<KeyValue> | null | undefined;
  return (
    typeof entry?.key === "string" &&
    typeof entry.value === "string" &&
    isRevision(entry.createRevision) &&
    isRevision(entry.modRevision) &&
    (entry.leaseId === undefined || typeof entry.leaseId === "string")
  );
}

function isRevision(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** JSON leaves out what is undefined: `leaseId` comes back as a member. */
function withLeaseIds(change: StoreChange): StoreChange {
  const events = change.events.map((event): StoreEvent => {
    return event.type === "put" ? { type: "put", entry: withLeaseId(event.entry) } : event;
  });
  return { revision: change.revision, events };
}

function withLeaseId(entry: KeyValue): KeyValue {
  return { ...entry, leaseId: entry.leaseId };
}
