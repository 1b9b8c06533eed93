/** A fetch as a promise, for callers that have room for what they ask for, and may give up. */

import { SluiceError } from "@sluice/model";
import type { FetchOptions, FetchResult, FetchSink } from "./partition-access.js";

interface FetchedPartition {
  startFetch(request: Omit<FetchOptions, "signal">, sink: FetchSink): number;
  cancelFetch(requestId: number): void;
}

/** @throws SluiceError as `LedPartition.fetch` */
export function awaitFetch(partition: FetchedPartition, options: FetchOptions): Promise<FetchResult> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(cancelled());
    const onAbort = (): void => {
      partition.cancelFetch(requestId);
      reject(cancelled());
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (): void => signal?.removeEventListener("abort", onAbort);
    const requestId = partition.startFetch(options, {
      reserve: (sizeBytesMax) => sizeBytesMax,
      release: () => undefined,
      onFetched: (result) => {
        settle();
        resolve(result);
      },
      onFetchRefused: (error) => {
        settle();
        reject(error);
      },
    });
  });
}

function cancelled(): SluiceError {
  return new SluiceError("CANCELLED", { operation: "Fetch" });
}
