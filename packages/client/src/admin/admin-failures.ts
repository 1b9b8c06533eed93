/** Requests of an admin that concern several things: each is done by itself, and what failed is told for each. */

import { SluiceError, toSluiceError } from "@sluice/model";

/** One thing that failed. */
export interface AdminFailure {
  /** The topic, or the broker by its id, that it is about. */
  readonly name: string;
  /** Where it is about one partition. */
  readonly partition?: number | undefined;
  /** Why. */
  readonly error: SluiceError;
}

/** What requests about several things reject with: the first error, and all that failed. What is not in it, was done. */
export interface AdminError extends SluiceError {
  /** What failed, at least one entry. */
  readonly failures: readonly AdminFailure[];
}

/** The error for some failures, at least one. */
export function adminError(failures: readonly AdminFailure[]): AdminError {
  const first = failures[0]?.error as SluiceError;
  const error = new SluiceError(first.code, first.details, { cause: first });
  return Object.assign(error, { failures });
}

/**
 * Does something for each item, some at a time, all of them whatever fails.
 *
 * @returns the results of what went well, in the order of the items
 */
export async function forEachItem<Item, Result>(
  items: readonly Item[],
  options: { readonly concurrency: number; readonly nameOf: (item: Item) => string },
  act: (item: Item) => Promise<Result>,
): Promise<{ readonly results: readonly Result[]; readonly failures: readonly AdminFailure[] }> {
  const outcomes = new Array<{ readonly result: Result } | AdminFailure>(items.length);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      const item = items[index] as Item;
      try {
        outcomes[index] = { result: await act(item) };
      } catch (error) {
        outcomes[index] = { name: options.nameOf(item), error: toSluiceError(error) };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency, items.length) }, work));
  return {
    results: outcomes.flatMap((outcome) => ("result" in outcome ? [outcome.result] : [])),
    failures: outcomes.flatMap((outcome) => ("error" in outcome ? [outcome] : [])),
  };
}
