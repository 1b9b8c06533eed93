/**
 * When to try again, and how long to wait before.
 *
 * Delays grow by `multiplier` from `initialRetryTime` to `maxRetryTime` and are spread by `factor`, so that many clients that
 * failed together do not come back together.
 */

import { type Clock, type Random, SluiceError, toSluiceError } from "@sluice/model";
import { pauseBeforeRetry } from "./cancellation.js";
import { replacedOptions } from "./kafkajs-options.js";
import { checkOptionNames, integerOption } from "./option-check.js";

/** Names as in kafkajs. */
export interface RetryOptions {
  /** Most retries of one request; 0: none. Default: no limit but the timeout. */
  readonly retries?: number;
  /** Milliseconds before the first retry. Default 30. */
  readonly initialRetryTime?: number;
  /** Most milliseconds between two tries. Default 1000. */
  readonly maxRetryTime?: number;
  /** How a delay grows from one retry to the next. Default 2. */
  readonly multiplier?: number;
  /** How far a delay is spread, as a part of it: 0.2 is from 80 % to 120 %. Default 0.2. */
  readonly factor?: number;
}

const subject = "retry";
const names = [
  "retries",
  "initialRetryTime",
  "maxRetryTime",
  "multiplier",
  "factor",
] as const satisfies readonly (keyof RetryOptions)[];

export class RetryPolicy {
  /** Most retries of one request. Infinity: no limit. */
  readonly retriesMax: number;
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #multiplier: number;
  readonly #spread: number;
  readonly #random: Random;

  /** @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_OPTION */
  constructor(options: RetryOptions, dependencies: { readonly random: Random }) {
    checkOptionNames(subject, options, names, replacedOptions("retry"));
    const time = { min: 0, max: 3_600_000 };
    this.retriesMax = integerOption({ subject, option: "retries" }, options.retries, {
      fallback: Number.POSITIVE_INFINITY,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    });
    this.#initialMs = integerOption({ subject, option: "initialRetryTime" }, options.initialRetryTime, {
      fallback: 30,
      ...time,
    });
    this.#maxMs = integerOption({ subject, option: "maxRetryTime" }, options.maxRetryTime, { fallback: 1000, ...time });
    this.#multiplier = numberOption("multiplier", options.multiplier, { fallback: 2, min: 1, max: 1000 });
    this.#spread = numberOption("factor", options.factor, { fallback: 0.2, min: 0, max: 1 });
    this.#random = dependencies.random;
  }

  /** Milliseconds to wait before retry `retry`, from 0. */
  delayMs(retry: number): number {
    const plain = Math.min(this.#maxMs, this.#initialMs * this.#multiplier ** retry);
    const spread = (this.#random.uint32() / 0x1_0000_0000) * 2 - 1;
    return plain * (1 + this.#spread * spread);
  }
}

function numberOption(
  option: string,
  value: number | undefined,
  limits: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  if (value === undefined) return limits.fallback;
  if (typeof value === "number" && value >= limits.min && value <= limits.max) return value;
  const reason = `it takes a number from ${limits.min} to ${limits.max}, not ${String(value)}`;
  throw new SluiceError("INVALID_OPTION", { option, subject, reason });
}

/**
 * The request was refused, nothing came of it, and it may succeed later. Timeouts and INDETERMINATE are not refusals: the
 * request may have been carried out.
 */
export function isRetriableRefusal(error: SluiceError): boolean {
  return error.retriable && error.code !== "INDETERMINATE" && error.code !== "REQUEST_TIMED_OUT";
}

/**
 * Runs `operation` until it succeeds, fails for good, or time is over.
 * @throws the last error of `operation`; CANCELLED where the signal aborts during a pause.
 */
export async function withRetries<Value>(
  operation: (retry: number) => Promise<Value>,
  options: {
    readonly clock: Clock;
    readonly policy: RetryPolicy;
    /** Milliseconds after which no further try is begun. */
    readonly timeoutMs: number;
    readonly signal?: AbortSignal | undefined;
    /** Which errors are worth another try. */
    readonly isWorthRetry: (error: SluiceError) => boolean;
    readonly onRetry?: (error: SluiceError, retry: number) => void;
  },
): Promise<Value> {
  const deadlineMs = options.clock.monotonicMs() + options.timeoutMs;
  for (let retry = 0; ; retry++) {
    try {
      return await operation(retry);
    } catch (thrown) {
      const error = toSluiceError(thrown);
      const delayMs = options.policy.delayMs(retry);
      const isOver = retry >= options.policy.retriesMax || options.clock.monotonicMs() + delayMs > deadlineMs;
      if (isOver || !options.isWorthRetry(error)) throw error;
      options.onRetry?.(error, retry);
      await pauseBeforeRetry(options.clock, delayMs, options.signal);
    }
  }
}
