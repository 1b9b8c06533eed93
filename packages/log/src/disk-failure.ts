/** What errors of the file system are called where they end the use of a data directory, and which of them do not. */

import { isDiskFull, isSluiceError, SluiceError } from "@sluice/model";

/** Errors of the file system as DISK_FULL or DISK_FAILED; those that have a code already as they are. */
export async function asDiskFailure<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isSluiceError(error) || !(error instanceof Error) || !("code" in error)) throw error;
    throw isDiskFull(error) ? new SluiceError("DISK_FULL", { path }, { cause: error }) : diskFailure(path, error);
  }
}

/** Errors of the file system in reading as CORRUPT_FILE; those that have a code already as they are. */
export async function asUnreadable<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isSluiceError(error) || !(error instanceof Error) || !("code" in error)) throw error;
    throw new SluiceError("CORRUPT_FILE", { path, reason: error.message }, { cause: error });
  }
}

/** The error as DISK_FAILED. */
export function diskFailure(path: string, error: unknown): SluiceError {
  const reason = error instanceof Error ? error.message : String(error);
  return new SluiceError("DISK_FAILED", { path, reason }, { cause: error });
}

/** Runs what can be left out where there is no room for it. False: it was left out. */
export async function unlessDiskFull(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return false;
  }
}
