/** Answers the many parts of one request, a few at a time: what all of them would hold at once has no bound but the request's. */

/** Parts of one request that are worked on at one time. */
export const requestPartsMax = 32;

/**
 * The result of `work` for each item, in order of the items. Items are begun in order.
 *
 * @param signal ends it between two items: nobody waits for the answer any more
 * @throws what `work` throws first, and the reason of `signal`; what was begun goes on
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const workThrough = async (): Promise<void> => {
    while (next < items.length) {
      signal.throwIfAborted();
      const index = next;
      next += 1;
      results[index] = await work(items[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(requestPartsMax, items.length) }, workThrough));
  return results;
}
