/**
 * Calls the handler of `run`, again after it threw, and decides what becomes of what failed each time.
 *
 * While it waits between two calls it holds nobody up: its slot is lent, and the wait ends at once when the consumer stops or
 * the partition is sought elsewhere or taken away; then the message belongs to whoever has it next.
 */

import type { ClientDependencies } from "../client-dependencies.js";
import type { ClientEvents } from "../client-events.js";
import type { ConsumerEventPayloads } from "./consumer-events.js";
import type { DeadLetters } from "./dead-letters.js";
import type { FetchedPartition } from "./fetched-partition.js";
import type { HandlerWatch } from "./handler-watch.js";
import { type Message, setAttempt } from "./message.js";
import type { Reading } from "./reading.js";
import type { RunSettings } from "./run-options.js";

/** How a handler pauses the partition that it works on. */
export type Pauses = (place: { readonly topic: string; readonly partition: number }) => () => void;

/** `abandoned`: it is not processed, and will come again. `paused`: so, once somebody resumes the partition. */
export type Outcome = "processed" | "abandoned" | "paused";

/** What a handler works on. */
export interface Work {
  readonly partition: FetchedPartition;
  /** Version of the partition when it was taken: another one says that it was sought elsewhere. */
  readonly version: number;
  /** Between two calls: others may go on. */
  onWaiting(): void;
  /** Resolves when there is room for the next call. */
  onWaited(): Promise<void>;
}

export interface RunContext {
  readonly settings: RunSettings;
  readonly reading: Reading;
  readonly pauses: Pauses;
  readonly dependencies: ClientDependencies;
  readonly events: ClientEvents<ConsumerEventPayloads>;
  readonly groupId: string | undefined;
  /** Undefined: handlers may take as long as they like. */
  readonly watch: HandlerWatch | undefined;
  readonly deadLetters: DeadLetters | undefined;
  /** The run is over because of `error`. To be called before a partition is given back. */
  fail(error: unknown): void;
}

const heartbeat = async (): Promise<void> => undefined;

export class HandlerCalls {
  readonly #context: RunContext;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /**
   * Has a message processed. Undefined: it is processed already.
   * @throws (or rejects with) what ends the run
   */
  message(message: Message, work: Work): Promise<Outcome> | undefined {
    let called: Promise<void> | void;
    try {
      called = this.#callMessage(message);
    } catch (error) {
      return this.#failed(error, message, work);
    }
    if (called === undefined) return undefined;
    return called.then(
      () => "processed",
      (error: unknown) => this.#failed(error, message, work),
    );
  }

  /** True: what is in hand is of no more use here. */
  isStale({ partition, version }: Work): boolean {
    const { signal } = this.#context.reading;
    return signal.aborted || partition.version !== version || partition.isRevoked || partition.isRemoved;
  }

  /**
   * Waits before the next call. False: there is no next call.
   * @param attempt how many calls there were.
   */
  async waitBeforeRetry(work: Work, attempt: number): Promise<boolean> {
    const { settings, dependencies, reading } = this.#context;
    const { changed } = reading.fetcher;
    let isDue = false;
    const timer = dependencies.clock.setTimer(settings.onError.policy.delayMs(attempt - 1), () => {
      isDue = true;
      changed.wake();
    });
    work.onWaiting();
    changed.wake(); // There may be a free slot now.
    while (!isDue && !this.isStale(work)) await changed.next();
    timer.cancel();
    await work.onWaited();
    return !this.isStale(work);
  }

  #callMessage(message: Message): Promise<void> | void {
    const { settings, reading, pauses, watch, dependencies, groupId } = this.#context;
    const { topic, partition } = message;
    const handle = settings.eachMessage as NonNullable<RunSettings["eachMessage"]>;
    const pause = (): (() => void) => pauses({ topic, partition });
    const call = (signal: AbortSignal) => handle({ topic, partition, message, signal, heartbeat, pause });
    const traced = (signal: AbortSignal) =>
      dependencies.tracing.isOn
        ? dependencies.tracing.process({ message, groupId }, async () => await call(signal))
        : call(signal);
    if (watch === undefined) return traced(reading.signal);
    const watched = watch.begin(message);
    return (async () => await traced(watched.signal))().finally(() => watched.end());
  }

  async #failed(thrown: unknown, message: Message, work: Work): Promise<Outcome> {
    const { settings, dependencies } = this.#context;
    let error = thrown;
    for (;;) {
      const { attempt, topic, partition, offset } = message;
      const where = { error, topic, partition, offset, attempt };
      if (this.isStale(work)) {
        dependencies.logger.warn(where, "a handler threw while its partition was taken away or reading stopped");
        return "abandoned";
      }
      if (attempt > settings.onError.retriesMax) return await this.#giveUp(error, message);
      dependencies.logger.warn(where, "a handler threw, its message will be tried again");
      if (!(await this.waitBeforeRetry(work, attempt))) return "abandoned";
      setAttempt(message, attempt + 1);
      try {
        await this.#callMessage(message);
        return "processed";
      } catch (again) {
        error = again;
      }
    }
  }

  /** @throws what ends the run */
  async #giveUp(error: unknown, message: Message): Promise<Outcome> {
    const { settings, deadLetters, dependencies, events, pauses } = this.#context;
    const { topic, partition, offset, attempt: attempts } = message;
    const where = { error, topic, partition, offset, attempts };
    // A message of the dead-letter topic itself has nowhere further to go.
    if (deadLetters !== undefined && deadLetters.topic !== topic) {
      await deadLetters.write(message, { error, attempts });
      dependencies.logger.warn({ ...where, deadLetterTopic: deadLetters.topic }, "a message was given up");
      const payload = {
        topic,
        partition,
        offset,
        attempts,
        error: error instanceof Error ? error : new Error(String(error)),
      };
      events.emit("consumer.dead_letter", { ...payload, deadLetterTopic: deadLetters.topic });
      return "processed";
    }
    if (settings.onError.otherwise === "crash") throw error;
    if (settings.onError.otherwise === "skip") {
      dependencies.logger.error(where, "a message that could not be processed was skipped");
      return "processed";
    }
    dependencies.logger.error(where, "a partition was paused at a message that could not be processed");
    pauses({ topic, partition });
    return "paused";
  }
}
