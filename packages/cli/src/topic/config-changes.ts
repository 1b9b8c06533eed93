/** What a change of a topic's settings comes to. Pure. */

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly isDefault: boolean;
}

export interface ConfigChange {
  readonly key: string;
  readonly current: string;
  readonly new: string;
  /** The new value is the default, and follows it. */
  readonly isDefault: boolean;
}

/** Settings that differ between two descriptions of one topic. One that is set to what is its default counts: it no longer follows it. */
export function changesOf(before: readonly ConfigEntry[], after: readonly ConfigEntry[]): readonly ConfigChange[] {
  const known = new Map(before.map((entry) => [entry.name, entry]));
  return after.flatMap(({ name, value, isDefault }) => {
    const current = known.get(name);
    if (current !== undefined && current.value === value && current.isDefault === isDefault) return [];
    return [{ key: name, current: current?.value ?? "", new: value, isDefault }];
  });
}

/** Bounds that delete what is beyond them; -1: no bound. */
const bounds: ReadonlySet<string> = new Set(["retention.ms", "retention.bytes"]);

/** Whether records may go that would have stayed: a bound becomes tighter, or how they are cleaned becomes another. */
export function losesRecords(changes: readonly ConfigChange[]): boolean {
  return changes.some(({ key, current, new: value }) => {
    if (key === "cleanup.policy") return current !== value;
    return bounds.has(key) && boundOf(value) < boundOf(current);
  });
}

function boundOf(text: string): number {
  const bound = Number(text);
  return bound < 0 ? Number.POSITIVE_INFINITY : bound;
}
