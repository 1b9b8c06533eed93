/**
 * Checks for programmer errors: things that cannot be false unless this code is wrong.
 *
 * They are always on. What an operator or a user can cause is never checked here: that is a `SluiceError`.
 */

/** A broken invariant. Whoever owns the state that broke stops using it. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** @throws InvariantError when `condition` is false. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Marks the branch that an exhaustive switch never reaches. The compiler proves it; at run time it still throws. */
export function assertNever(value: never): never {
  throw new InvariantError(`unexpected variant: ${JSON.stringify(value)}`);
}
