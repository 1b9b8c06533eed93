/**
 * Which version of each key a cluster image was made from, so that a listing can be compared with the image: what differs is
 * what the watch has not told, or not yet.
 */

import type { Listing, StoreEvent } from "./cluster-store.js";

export class KnownKeys {
  readonly #modRevisions = new Map<string, number>();

  /** The image has these changes now. */
  apply(events: readonly StoreEvent[]): void {
    for (const event of events) {
      if (event.type === "put") this.#modRevisions.set(event.entry.key, event.entry.modRevision);
      else this.#modRevisions.delete(event.key);
    }
  }

  /**
   * What makes the image that of the listing. Where the image is the newer one, a key that was put after the listing does not
   * count; one that was deleted after it does, since nothing is known of it any more.
   */
  changesTo({ revision, entries }: Listing): StoreEvent[] {
    const puts: StoreEvent[] = entries
      .filter(({ key, modRevision }) => !this.#hasVersion(key, modRevision, revision))
      .map((entry) => ({ type: "put", entry }));
    const listed = new Set(entries.map(({ key }) => key));
    const deletes: StoreEvent[] = [...this.#modRevisions]
      .filter(([key, known]) => known <= revision && !listed.has(key))
      .map(([key]) => ({ type: "delete", key, modRevision: revision }));
    return [...deletes, ...puts];
  }

  /** True for that version, and for one that came after the listing. */
  #hasVersion(key: string, modRevision: number, listedRevision: number): boolean {
    const known = this.#modRevisions.get(key);
    return known !== undefined && (known === modRevision || known > listedRevision);
  }
}
