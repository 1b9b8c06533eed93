/** Carries out the steps of a stop in order, all of them, whatever fails on the way. */

import type { Logger } from "./logging.js";

export type StopStep = readonly [name: string, step: () => void | Promise<void>];

/**
 * Runs every step; one that fails is logged and does not keep the next from being run.
 * @throws the error of the first step that failed, after the last
 */
export async function runStopSequence(steps: readonly StopStep[], logger: Logger): Promise<void> {
  const errors: unknown[] = [];
  for (const [name, step] of steps) {
    try {
      await step();
    } catch (error) {
      logger.error({ err: error, step: name }, "a step of stopping failed");
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
