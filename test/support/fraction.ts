/**
 * A part of a whole for properties. Not `fc.double`: that takes every number that a double can hold for as likely as any other, and
 * nearly all of those between 0 and 1 are so small that they mean 0.
 */

import fc from "fast-check";

/** 0 to 1, in steps of a thousandth, both ends included. */
export const fraction: fc.Arbitrary<number> = fc.nat(1000).map((thousandths) => thousandths / 1000);
