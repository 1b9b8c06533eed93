/**
 * Branded scalars: numbers and strings that the compiler keeps apart although they look alike at run time.
 *
 * A brand is given in one place, by the function named after the type, which checks the value first.
 */

declare const brand: unique symbol;

/** `Base` that only the maker of `Name` can produce. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
