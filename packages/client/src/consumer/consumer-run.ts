/** The run of a consumer, from `run` until it has stopped: begins the handlers, and tells what ended them. */

import type { TopicPartition } from "@sluice/model";
import type { ClientDependencies } from "../client-dependencies.js";
import type { ClientEvents } from "../client-events.js";
import type { ConsumerEventPayloads } from "./consumer-events.js";
import type { ConsumerSettings } from "./consumer-options.js";
import type { Running } from "./consumer-types.js";
import { DeadLetters } from "./dead-letters.js";
import type { Pauses } from "./handler-calls.js";
import { HandlerWatch } from "./handler-watch.js";
import type { Reading } from "./reading.js";
import { isInsideHandler, runHandlers } from "./run-loop.js";
import type { RunSettings } from "./run-options.js";

export class ConsumerRun {
  readonly #settings: ConsumerSettings;
  readonly #dependencies: ClientDependencies & { readonly events: ClientEvents<ConsumerEventPayloads> };
  #handlers: Promise<unknown> | undefined;
  #watch: HandlerWatch | undefined;

  constructor(
    settings: ConsumerSettings,
    dependencies: ClientDependencies & { readonly events: ClientEvents<ConsumerEventPayloads> },
  ) {
    this.#settings = settings;
    this.#dependencies = dependencies;
  }

  /** A handler has taken longer than it may, and is still at work. */
  get isSlow(): boolean {
    return (this.#watch?.slowCount ?? 0) > 0;
  }

  /** Resolves when the reading has begun. @throws what makes reading impossible */
  async start(
    reading: Reading,
    settings: RunSettings,
    options: {
      readonly pauses: Pauses;
      readonly stop: () => Promise<void>;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<Running> {
    const handlers = this.#begin(reading, settings, options.pauses);
    this.#handlers = handlers.catch(() => undefined); // `finished` tells it.
    const onCrash = (): void => void finished.catch(() => undefined);
    const finished: Promise<void> = this.#finish(handlers, { ...options, onCrash });
    try {
      await Promise.race([reading.start(), finished]);
    } catch (error) {
      await finished.catch(() => undefined); // The same error, told by the throw below.
      throw error;
    }
    return { finished };
  }

  /** Resolves when no handler is at work any more, or at once where the caller is inside one. Never rejects. */
  async handlersDone(reading: Reading): Promise<void> {
    if (!isInsideHandler(reading)) await this.#handlers;
  }

  /** The reading has ended. */
  ended(): void {
    this.#handlers = undefined;
    this.#watch = undefined;
  }

  #begin(reading: Reading, settings: RunSettings, pauses: Pauses): Promise<void> {
    const { events, clock, logger } = this.#dependencies;
    const { groupId, maxProcessingMs } = this.#settings;
    const { deadLetterTopic } = settings.onError;
    const onSlow = (place: TopicPartition & { readonly offset: number }, runningMs: number): void => {
      const { topic, partition, offset } = place;
      logger.warn({ topic, partition, offset, runningMs }, "a handler takes longer than maxProcessingTime");
      events.emit("consumer.stalled", { reason: "handler", topic, partition, offset, runningMs });
    };
    const { signal } = reading;
    const watch =
      maxProcessingMs === undefined ? undefined : new HandlerWatch(maxProcessingMs, { clock, signal, onSlow });
    this.#watch = watch;
    const deadLetters =
      deadLetterTopic === undefined ? undefined : new DeadLetters(deadLetterTopic, groupId, this.#dependencies);
    const dependencies = this.#dependencies;
    return runHandlers({ settings, reading, pauses, dependencies, events, groupId, watch, deadLetters });
  }

  async #finish(
    handlers: Promise<void>,
    options: {
      readonly stop: () => Promise<void>;
      readonly signal: AbortSignal | undefined;
      readonly onCrash: () => void;
    },
  ): Promise<void> {
    const { stop, signal, onCrash } = options;
    const { logger, events } = this.#dependencies;
    const onAbort = (): void => void stop();
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await handlers;
    } catch (thrown) {
      // Whoever does not look at `finished` has no other way to find out.
      logger.error({ error: thrown }, "consumer stopped by an error");
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      // Whoever listens is told; without anybody, `finished` is left to be an unhandled rejection.
      if (events.has("consumer.crash")) onCrash();
      events.emit("consumer.crash", { error, groupId: this.#settings.groupId ?? "", restart: false });
      throw thrown;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      await stop();
    }
  }
}
