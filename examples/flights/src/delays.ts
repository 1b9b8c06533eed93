/** What the consumers compute: mean delay by hour of the day, and by route. */

/** Minutes of delay of some flights. */
export interface DelaySum {
  readonly flights: number;
  /** Mean, in minutes. */
  readonly mean: number;
}

export class Delays<Group extends string | number> {
  readonly #sums = new Map<Group, { flights: number; minutes: number }>();

  add(group: Group, minutes: number): void {
    const sum = this.#sums.get(group);
    if (sum === undefined) this.#sums.set(group, { flights: 1, minutes });
    else {
      sum.flights++;
      sum.minutes += minutes;
    }
  }

  /** By group, in the order of the groups. */
  byGroup(): readonly (DelaySum & { readonly group: Group })[] {
    const sums = [...this.#sums].sort(([left], [right]) => (left < right ? -1 : 1));
    return sums.map(([group, { flights, minutes }]) => ({ group, flights, mean: minutes / flights }));
  }

  /** The groups with the most flights; of those with as many, the first by name. */
  busiest(count: number): readonly (DelaySum & { readonly group: Group })[] {
    return [...this.byGroup()].sort((left, right) => right.flights - left.flights).slice(0, count);
  }
}
