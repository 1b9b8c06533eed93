/**
 * Looks at the topics of the cluster now and then: a pattern also matches topics that are made later, and no longer those
 * that are gone. The coordinator itself notices partitions that are added to topics, and topics that are wanted by name.
 *
 * A topic that was not there at the first look was made later: the group begins with its first message, because with `latest`
 * it would lose what was written before anybody noticed.
 */

import { sleep, toSluiceError } from "@sluice/model";
import type { ClientDependencies } from "../client-dependencies.js";
import { withRetries } from "../retry-policy.js";
import type { Subscriptions } from "./subscription.js";

const patternIntervalMs = 10_000;
const namedIntervalMs = 300_000;

export class TopicWatch {
  readonly #subscriptions: Subscriptions;
  readonly #intervalMs: number;
  readonly #dependencies: ClientDependencies;
  readonly #onTopics: (names: readonly string[]) => void;
  /** Undefined: not looked yet. */
  #names: readonly string[] | undefined;

  /**
   * @param dependencies.intervalMs undefined: the default, which is shorter with a pattern.
   * @param dependencies.onTopics told the names to ask the group for, whenever they change.
   */
  constructor(
    subscriptions: Subscriptions,
    dependencies: ClientDependencies & {
      readonly intervalMs: number | undefined;
      readonly onTopics: (names: readonly string[]) => void;
    },
  ) {
    this.#subscriptions = subscriptions;
    this.#intervalMs = dependencies.intervalMs ?? (subscriptions.hasPatterns ? patternIntervalMs : namedIntervalMs);
    this.#dependencies = dependencies;
    this.#onTopics = dependencies.onTopics;
  }

  /** Looks for the first time. @throws SluiceError BROKER_UNREACHABLE, CANCELLED ... with a pattern, which needs the names */
  async first(signal: AbortSignal): Promise<void> {
    const { clock, policy, requestTimeoutMs } = this.#dependencies;
    if (!this.#subscriptions.hasPatterns) return await this.#lookAtNamed(signal);
    await withRetries(() => this.#look(signal), {
      clock,
      policy,
      timeoutMs: requestTimeoutMs,
      signal,
      isWorthRetry: ({ retriable }) => retriable,
    });
  }

  /** Looks again each interval, until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#dependencies;
    for (;;) {
      try {
        await sleep(clock, this.#intervalMs, signal);
        await this.#look(signal);
      } catch (error) {
        if (signal.aborted) return;
        logger.debug({ error: toSluiceError(error) }, "could not look at the topics, will try again");
      }
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { metadata } = this.#dependencies;
    if (!this.#subscriptions.hasPatterns) {
      await metadata.refresh(this.#subscriptions.named, { signal });
      return;
    }
    const { topics } = await metadata.describe(undefined, { signal });
    const names = this.#subscriptions.names(topics);
    const before = this.#names;
    if (before === undefined) this.#tellMissing(names);
    else for (const name of names) if (!before.includes(name)) this.#subscriptions.wasMadeLater(name);
    if (names.join() === before?.join()) return;
    this.#names = names;
    this.#onTopics(names);
  }

  /** Without a pattern nothing depends on it: where no broker answers, the session finds that out and tries on. */
  async #lookAtNamed(signal: AbortSignal): Promise<void> {
    const { metadata, logger } = this.#dependencies;
    const { named } = this.#subscriptions;
    try {
      await metadata.refresh(named, { signal });
      this.#tellMissing(named);
    } catch (error) {
      logger.debug({ error: toSluiceError(error) }, "could not look at the topics, will try again");
    }
  }

  #tellMissing(names: readonly string[]): void {
    const { metadata } = this.#dependencies;
    for (const name of names) if (metadata.topic(name) === undefined) this.#subscriptions.wasMadeLater(name);
  }
}
