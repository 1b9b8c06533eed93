/**
 * Asks one after the other until one answers. The next is asked when one fails, and also when one says nothing for a while: a broker that
 * stands still must not hold up what any other could answer. The first answer counts; the other questions are called off.
 */

import { type Clock, type SluiceError, type Timer, toSluiceError } from "@sluice/model";
import { anySignal } from "./cancellation.js";

export interface Failure<Target> {
  readonly target: Target;
  readonly error: SluiceError;
}

/**
 * @param targets at least one.
 * @param options.patienceMs without an answer for so long, the next is asked too. Undefined: however long it takes.
 * @param options.ask asks one; `signal` calls it off.
 * @param options.mayAskNext false: the error is the answer.
 * @param options.onFailed told of each failure after which others may still answer.
 * @param options.noneAnswers the error where all have failed, in the order in which they did.
 */
export function askInTurn<Target, Answer>(
  targets: readonly Target[],
  options: {
    readonly clock: Clock;
    readonly patienceMs: number | undefined;
    readonly signal: AbortSignal | undefined;
    readonly ask: (target: Target, signal: AbortSignal) => Promise<Answer>;
    readonly mayAskNext: (error: SluiceError) => boolean;
    readonly onFailed: (failure: Failure<Target>) => void;
    readonly noneAnswers: (failures: readonly Failure<Target>[]) => SluiceError;
  },
): Promise<{ readonly target: Target; readonly answer: Answer }> {
  const { clock, patienceMs, ask, mayAskNext, onFailed, noneAnswers } = options;
  return new Promise((resolve, reject) => {
    const rest = new AbortController();
    const scope = anySignal(options.signal, rest.signal);
    const failures: Failure<Target>[] = [];
    let asked = 0;
    let timer: Timer | undefined;
    const finish = (settle: () => void): void => {
      timer?.cancel();
      asked = targets.length;
      settle();
      rest.abort();
      scope.dispose();
    };
    const failed = (target: Target, error: SluiceError): void => {
      if (rest.signal.aborted) return; // Called off: another has answered.
      if (!mayAskNext(error)) {
        finish(() => reject(error));
        return;
      }
      failures.push({ target, error });
      onFailed({ target, error });
      if (failures.length === targets.length) finish(() => reject(noneAnswers(failures)));
      else askNext();
    };
    const askNext = (): void => {
      timer?.cancel();
      timer = undefined;
      if (asked >= targets.length) return;
      const target = targets[asked++] as Target;
      if (patienceMs !== undefined && asked < targets.length) timer = clock.setTimer(patienceMs, askNext);
      ask(target, scope.signal).then(
        (answer) => {
          if (!rest.signal.aborted) finish(() => resolve({ target, answer }));
        },
        (thrown: unknown) => failed(target, toSluiceError(thrown)),
      );
    };
    askNext();
  });
}
