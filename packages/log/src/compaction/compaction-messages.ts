/** What the compaction thread and its owner say to each other. Errors cross by code and details, and are made anew. */

import { type ErrorCode, type ErrorDetails, errorCatalogue, isSluiceError, SluiceError } from "@sluice/model";
import type { CompactionJob, CompactionResult } from "./compaction-job.js";

export type CompactionRequest =
  | { readonly type: "run"; readonly id: number; readonly job: CompactionJob }
  | { readonly type: "abort"; readonly id: number };

export type CompactionReply =
  | { readonly type: "done"; readonly id: number; readonly result: CompactionResult }
  | { readonly type: "failed"; readonly id: number; readonly error: ErrorMessage };

export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

/** The error as a message: INTERNAL where it is not of the catalogue. */
export function errorToMessage(error: unknown): ErrorMessage {
  if (isSluiceError(error)) return { code: error.code, details: error.details };
  return {
    code: "INTERNAL",
    details: { reason: error instanceof Error ? (error.stack ?? error.message) : String(error) },
  };
}

/** The error that the message tells of. */
export function errorFromMessage({ code, details }: ErrorMessage): SluiceError {
  // Another build of the thread may know a code that is not known here.
  const known = code in errorCatalogue ? code : "INTERNAL";
  return new SluiceError(known, (known === code ? details : { reason: String(code) }) as never);
}
