/**
 * Counts calls and streams around the methods of a broker, by method and code, so that their handlers need not.
 *
 * Of a stream its beginning and the error that ended it are counted, never its messages: the data plane counts those itself.
 */

import {
  type CallContext,
  type Clock,
  type ServedMethod,
  type SluiceError,
  type StreamHandler,
  type StreamListener,
  toSluiceError,
  type UnaryHandler,
} from "@sluice/model";
import { LatencyHistogram } from "./metrics/latency-histogram.js";
import type { SlowRequestLog } from "./slow-request-log.js";

/** Counts of one method. They only grow. */
export class MethodCounters {
  /** `Service/Method`, without the package. */
  readonly name: string;
  /** Calls that were answered, or streams that were opened. */
  count = 0;
  /** Calls and streams that ended with an error, by code. */
  readonly errors = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  countError(code: string): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}

export class CallCounters {
  readonly calls: MethodCounters[] = [];
  readonly streams: MethodCounters[] = [];
  /** From the arrival of a call to its answer, over all methods. */
  readonly latency = new LatencyHistogram();
}

export interface MethodCountersDependencies {
  readonly counters: CallCounters;
  readonly slowRequests: SlowRequestLog;
  readonly clock: Clock;
}

/** The same methods, counted. */
export function withMethodCounters(
  methods: readonly ServedMethod[],
  dependencies: MethodCountersDependencies,
): readonly ServedMethod[] {
  return methods.map(({ method, handler }) => {
    const counters = new MethodCounters(method.path.slice(method.path.lastIndexOf(".") + 1));
    if (method.kind === "unary") {
      dependencies.counters.calls.push(counters);
      const call = handler as UnaryHandler<unknown, unknown>;
      return { method, handler: countedCall(method.path, call, counters, dependencies) };
    }
    dependencies.counters.streams.push(counters);
    return { method, handler: countedStream(handler as StreamHandler<unknown, unknown>, counters) };
  });
}

function countedCall(
  path: string,
  handler: UnaryHandler<unknown, unknown>,
  counters: MethodCounters,
  { clock, counters: all, slowRequests }: MethodCountersDependencies,
): UnaryHandler<unknown, unknown> {
  const ended = (startMs: number, context: CallContext, error: SluiceError | undefined): void => {
    counters.count += 1;
    if (error !== undefined) counters.countError(error.code);
    const totalMs = clock.monotonicMs() - startMs;
    all.latency.observe(totalMs);
    if (totalMs <= slowRequests.thresholdMs) return;
    const { clientId, peer } = context;
    slowRequests.report({
      method: path,
      clientId,
      peer,
      totalMs,
      ...(error === undefined ? {} : { code: error.code }),
    });
  };
  return async (request, context) => {
    const startMs = clock.monotonicMs();
    try {
      const response = await handler(request, context);
      ended(startMs, context, undefined);
      return response;
    } catch (error) {
      ended(startMs, context, toSluiceError(error));
      throw error;
    }
  };
}

function countedStream(
  handler: StreamHandler<unknown, unknown>,
  counters: MethodCounters,
): StreamHandler<unknown, unknown> {
  return (stream, context) => {
    counters.count += 1;
    try {
      return new CountedListener(handler(stream, context), counters);
    } catch (error) {
      counters.countError(toSluiceError(error).code);
      throw error;
    }
  };
}

class CountedListener implements StreamListener<unknown> {
  readonly #listener: StreamListener<unknown>;
  readonly #counters: MethodCounters;

  constructor(listener: StreamListener<unknown>, counters: MethodCounters) {
    this.#listener = listener;
    this.#counters = counters;
  }

  onMessage(message: unknown): void {
    this.#listener.onMessage(message);
  }

  onEnd(): void {
    this.#listener.onEnd();
  }

  onError(error: SluiceError): void {
    this.#counters.countError(error.code);
    this.#listener.onError(error);
  }

  onDrain(): void {
    this.#listener.onDrain?.();
  }
}
