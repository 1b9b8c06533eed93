import { describe, expect, it } from "vitest";
import { type ErrorCode, type ErrorDefinition, errorCatalogue, grpcStatus } from "./error-catalogue.js";
import { errorCodeOfNumber, SluiceError } from "./sluice-error.js";

const entries = Object.entries(errorCatalogue) as [ErrorCode, ErrorDefinition][];

/** Clients of any age tell errors apart by these numbers: a line of this table never changes and never goes. */
const permanentNumbers = {
  INVALID_REQUEST: 1,
  INVALID_TOPIC_NAME: 2,
  INVALID_GROUP_NAME: 3,
  INVALID_PARTITION_COUNT: 4,
  INVALID_REPLICATION_FACTOR: 5,
  UNKNOWN_CONFIG_KEY: 6,
  INVALID_CONFIG_VALUE: 7,
  UNKNOWN_OPTION: 8,
  INVALID_OPTION: 9,
  INTERNAL_TOPIC: 10,
  UNSUPPORTED: 11,
  RECORD_BATCH_TOO_LARGE: 20,
  CORRUPT_RECORD_BATCH: 21,
  INVALID_RECORD_BATCH: 22,
  UNSUPPORTED_COMPRESSION: 23,
  INVALID_TIMESTAMP: 24,
  UNKNOWN_TOPIC: 30,
  UNKNOWN_PARTITION: 31,
  TOPIC_ALREADY_EXISTS: 32,
  NOT_LEADER: 33,
  LEADER_NOT_AVAILABLE: 34,
  FENCED_LEADER_EPOCH: 35,
  UNKNOWN_LEADER_EPOCH: 36,
  OFFSET_OUT_OF_RANGE: 37,
  NOT_ENOUGH_REPLICAS: 38,
  PARTITION_OFFLINE: 39,
  PARTITION_QUARANTINED: 40,
  NOT_COORDINATOR: 50,
  COORDINATOR_LOADING: 51,
  UNKNOWN_GROUP: 52,
  UNKNOWN_MEMBER: 53,
  STALE_GENERATION: 54,
  PARTITION_NOT_OWNED: 55,
  GROUP_NOT_EMPTY: 56,
  INVALID_COMMIT_OFFSET: 57,
  REQUEST_TIMED_OUT: 60,
  INDETERMINATE: 61,
  BROKER_STOPPING: 62,
  CLOSED: 63,
  CANCELLED: 64,
  BROKER_UNREACHABLE: 65,
  WRONG_PORT: 66,
  RESOURCE_EXHAUSTED: 67,
  ADDRESS_IN_USE: 70,
  DATA_DIRECTORY_IN_USE: 71,
  DATA_DIRECTORY_MISMATCH: 72,
  DISK_FAILED: 73,
  CORRUPT_FILE: 74,
  FILE_NOT_FOUND: 75,
  DISK_FULL: 76,
  STORE_CONFLICT: 80,
  LEASE_EXPIRED: 81,
  REVISION_COMPACTED: 82,
  BROKER_ID_TAKEN: 83,
  INTERNAL: 99,
};

/** Names in braces, as the text has them. */
function placeholders(text: string): string[] {
  return Array.from(text.matchAll(/\{([^}]*)\}/g), ([, name]) => name ?? "");
}

describe("error catalogue", () => {
  it("gives each code a number of its own, from 1, that leads back to it", () => {
    const numbers = entries.map(([, { number }]) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.every((number) => Number.isInteger(number) && number > 0)).toBe(true);
    expect(entries.map(([, { number }]) => errorCodeOfNumber(number))).toEqual(entries.map(([code]) => code));
  });

  it("has kept every number that it ever gave", () => {
    expect(Object.fromEntries(entries.map(([code, { number }]) => [code, number]))).toMatchObject(permanentNumbers);
  });

  it("knows no code for a number that was never given", () => {
    expect([0, -1, 13.5, 100_000].map(errorCodeOfNumber)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each(entries)("%s: has a known status, and a message and a hint that its details fill", (code, definition) => {
    const names = [...placeholders(definition.message), ...placeholders(definition.hint)];
    for (const name of names) expect(name).toMatch(/^[a-z][A-Za-z]*$/);
    const details = Object.fromEntries(names.map((name) => [name, `<${name}>`]));
    const error = new SluiceError(code, details as never);
    expect(error.message).toBe(definition.message.replace(/\{(\w+)\}/g, "<$1>"));
    expect(error.hint).toBe(definition.hint.replace(/\{(\w+)\}/g, "<$1>"));
    expect(`${error.message}${error.hint}`).not.toMatch(/[{}]/);
    expect(error.message.trim()).not.toBe("");
    expect(error.hint.trim()).not.toBe("");
    expect(Object.keys(grpcStatus)).toContain(definition.status);
  });

  it("uses gRPC's own status numbers, each once", () => {
    const numbers = Object.values(grpcStatus);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(grpcStatus).toMatchObject({ CANCELLED: 1, NOT_FOUND: 5, ABORTED: 10, UNAVAILABLE: 14, DATA_LOSS: 15 });
  });

  it("says that nothing is retriable which the caller must change first", () => {
    for (const [code, { retriable, status }] of entries) {
      if (status === "INVALID_ARGUMENT") expect(retriable, code).toBe(false);
      if (status === "UNAVAILABLE") expect(retriable, code).toBe(true);
    }
  });
});
