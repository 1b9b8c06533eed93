/** What several rounds of a measurement come to: a median, and between which values all rounds lay. */

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** One round: a rate of ours, and of what it is compared with. */
export interface Round {
  readonly ours: number;
  readonly plain: number;
}

/** Median, lowest and highest; of an even count the upper of the two in the middle. @throws RangeError where there is no value */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((left, right) => left - right);
  const [lowest] = sorted;
  const highest = sorted.at(-1);
  const median = sorted[Math.floor(sorted.length / 2)];
  if (lowest === undefined || highest === undefined || median === undefined) throw new RangeError("no values");
  return { median, lowest, highest };
}

/** The spread of ours / plain, round by round: what the machine did meanwhile hit both halves of a round alike. */
export function ratiosOf(rounds: readonly Round[]): Spread {
  return spreadOf(rounds.map(({ ours, plain }) => ours / plain));
}

/**
 * Runs both halves `count` times, in turns and each first in every other round, after one round that does not count: it warms
 * up code and caches.
 */
export async function interleave(
  count: number,
  ours: (round: number) => Promise<number>,
  plain: (round: number) => Promise<number>,
): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let round = 0; round <= count; round++) {
    const isOursFirst = round % 2 === 0;
    const before = isOursFirst ? await ours(round) : await plain(round);
    const after = isOursFirst ? await plain(round) : await ours(round);
    if (round === 0) continue;
    rounds.push(isOursFirst ? { ours: before, plain: after } : { ours: after, plain: before });
  }
  return rounds;
}
