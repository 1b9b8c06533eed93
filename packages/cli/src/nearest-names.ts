/** Which of the names that exist a person may have meant. */

import { nearestName } from "@sluice/model";

/**
 * Candidates that look like `name`, the nearest first, at most three: so near that they are worth a question. A name that begins with it,
 * or that it begins with, counts too.
 */
export function nearestNames(name: string, candidates: readonly string[]): readonly string[] {
  const found: string[] = [];
  let left = candidates.filter((candidate) => looksLike(name.toLowerCase(), candidate.toLowerCase()));
  while (left.length > 0 && found.length < 3) {
    const next = nearestName(name, left);
    found.push(next);
    left = left.filter((candidate) => candidate !== next);
  }
  return found;
}

function looksLike(name: string, candidate: string): boolean {
  if (name.length >= 3 && (candidate.startsWith(name) || name.startsWith(candidate))) return candidate.length >= 3;
  return distanceWithin(name, candidate, Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3)));
}

/** Whether at most `most` letters are added, removed, changed or swapped with their neighbour. */
function distanceWithin(from: string, to: string, most: number): boolean {
  if (Math.abs(from.length - to.length) > most) return false;
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      let cost = Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwap) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return (row[to.length] ?? 0) <= most;
}
