/**
 * Replicas that are leaving: those that an image takes away, with their slots, whose files are being removed or closed, and strays that no
 * slot has, whose files are being removed.
 *
 * A replica that comes back meanwhile is opened after that.
 */

import type { PartitionEnd, PartitionSlot } from "./partition-slot.js";

export class ReplicaRemovals {
  /** By the name of the replica. */
  readonly #slots = new Map<string, PartitionSlot>();
  /** Of strays; they never reject. */
  readonly #strays = new Map<string, Promise<void>>();

  /** Slots that are being ended. */
  get slots(): Iterable<PartitionSlot> {
    return this.#slots.values();
  }

  isUnderWay(name: string): boolean {
    return this.#slots.has(name) || this.#strays.has(name);
  }

  /** Resolves when nothing of that replica is being removed or closed any more; never rejects. */
  async ended(name: string): Promise<void> {
    await this.#slots.get(name)?.settled();
    await this.#strays.get(name);
  }

  /** Resolves when no stray is being removed any more; never rejects. */
  async straysEnded(): Promise<void> {
    await Promise.all(this.#strays.values());
  }

  endSlot(name: string, slot: PartitionSlot, how: PartitionEnd): void {
    this.#slots.set(name, slot);
    slot.end(how);
    void slot.settled().finally(() => {
      if (this.#slots.get(name) === slot) this.#slots.delete(name);
    });
  }

  /** @param remove removes its files; what it rejects with, this rejects with */
  removeStray(name: string, remove: () => Promise<void>): Promise<void> {
    const removal = remove();
    const ended = removal.catch(() => undefined).then(() => void this.#strays.delete(name));
    this.#strays.set(name, ended);
    return removal;
  }
}
