/**
 * Creates topics that clients ask for and that do not exist, with the broker's defaults, where the broker is told to.
 *
 * A name is created once however many ask for it: those on this broker wait for one creation, those on others learn that the
 * name is taken and wait for its leaders. One request has so many creations under way at one time, all requests together so many
 * names. Names that make no topic, and names of Sluice's own topics, are refused.
 *
 * Nothing remembers that a topic was deleted: while somebody goes on asking for a name that an administrator deletes, the topic comes
 * back, empty and with the defaults, as with Kafka's auto.create.topics.enable.
 */

import type { ImageWatcher } from "@sluice/coordination";
import { isSluiceError, SluiceError, topicName, toSluiceError } from "@sluice/model";
import type { TopicAdmin } from "./topic-admin.js";

export interface MissingTopicsDependencies {
  readonly topicAdmin: TopicAdmin;
  readonly images: ImageWatcher;
  /** Resolves when this broker serves what it leads of the topic. */
  rolesTaken?(topic: string): Promise<void>;
}

/** Creations that one request has under way at one time. */
const concurrencyMax = 16;
/** Names that are being created at one time, over all requests. */
const namesMax = 1000;

export class MissingTopics {
  readonly #dependencies: MissingTopicsDependencies;
  readonly #creations = new Map<string, Promise<void>>();

  constructor(dependencies: MissingTopicsDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Makes those of the topics that do not exist, and resolves when all that could be made have leaders.
   *
   * @param signal ends the wait, not what was begun
   * @returns why a topic could not be made, or is not known to have leaders yet, by name
   */
  async create(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, SluiceError>> {
    const { images } = this.#dependencies;
    const missing = [...new Set(names)].filter((name) => !isShown(images, name));
    const failures = new Map<string, SluiceError>();
    const createNext = async (): Promise<void> => {
      for (let name = missing.pop(); name !== undefined && !signal.aborted; name = missing.pop()) {
        try {
          await this.#createOne(name);
        } catch (error) {
          failures.set(name, toSluiceError(error));
        }
      }
    };
    signal.throwIfAborted();
    await unlessAborted(Promise.all(Array.from({ length: concurrencyMax }, createNext)), signal);
    return failures;
  }

  #createOne(name: string): Promise<void> {
    const running = this.#creations.get(name);
    if (running !== undefined) return running;
    if (this.#creations.size >= namesMax) {
      const error = new SluiceError("RESOURCE_EXHAUSTED", {
        resource: "topics that are being created",
        limit: namesMax,
      });
      return Promise.reject(error);
    }
    const creation = this.#createOrFind(name).finally(() => this.#creations.delete(name));
    this.#creations.set(name, creation);
    return creation;
  }

  async #createOrFind(name: string): Promise<void> {
    const { topicAdmin } = this.#dependencies;
    // Not that of a request: others may wait for the same topic.
    const { signal } = new AbortController();
    try {
      await topicAdmin.createTopic({ name, partitions: 0, replicationFactor: 0, configs: [] }, signal);
    } catch (error) {
      if (!isSluiceError(error, "TOPIC_ALREADY_EXISTS")) throw error;
      await topicAdmin.awaitTopic(name, signal);
    }
    await this.#dependencies.rolesTaken?.(name);
  }
}

function isShown(images: ImageWatcher, name: string): boolean {
  try {
    return images.image.topics.has(topicName(name));
  } catch {
    // Not a name: the creation says so.
    return false;
  }
}

/** The promise, or the reason of the signal where that comes first. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
