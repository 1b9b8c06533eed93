/**
 * Random numbers that a seed repeats exactly: xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it), its state
 * filled from the seed by splitmix32 so that neighbouring seeds share nothing. Not for secrets.
 */

import { invariant } from "../invariant.js";
import type { Random } from "../random.js";

export class SeededRandom implements Random {
  readonly #state: Uint32Array;

  /** `seed`: any whole number; its low 32 bits count. */
  constructor(seed: number) {
    invariant(Number.isSafeInteger(seed), `not a seed: ${seed}`);
    this.#state = splitmixWords(seed, 4);
  }

  /** A generator in a given state, which is not all zero. For comparison with other implementations. */
  static fromState(state: readonly [number, number, number, number]): SeededRandom {
    invariant(
      state.some((word) => word !== 0),
      "the state of xoshiro must not be all zero",
    );
    const random = new SeededRandom(0);
    random.#state.set(state);
    return random;
  }

  uint32(): number {
    const state = this.#state;
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state;
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const mixed2 = s2 ^ s0;
    const mixed3 = s3 ^ s1;
    state[0] = s0 ^ mixed3;
    state[1] = s1 ^ mixed2;
    state[2] = mixed2 ^ (s1 << 9);
    state[3] = rotateLeft(mixed3, 11);
    return result;
  }
}

function splitmixWords(seed: number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  let counter = seed | 0;
  for (let i = 0; i < count; i += 1) {
    counter = (counter + 0x9e3779b9) | 0;
    let word = counter;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    words[i] = word ^ (word >>> 16);
  }
  return words;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
