/**
 * What a consumer wants to share with its group: topics by name or with types, and patterns of names.
 *
 * A pattern also matches topics that are made later, and never the internal topics of the cluster.
 */

import { SluiceError, topicName } from "@sluice/model";
import { type AnyTopic, isTopic } from "../topics/topic.js";
import type { StartFrom } from "./consumer-options.js";
import type { TypedTopics } from "./typed-messages.js";

/** A topic by name, with types, or all topics whose names match. */
export type SubscribedTopic = string | RegExp | AnyTopic;

interface Pattern {
  readonly expression: RegExp;
  readonly startFrom: StartFrom | undefined;
}

export class Subscriptions {
  readonly #typed: TypedTopics;
  /** By name: where to begin, where that was said with the topic. */
  #names = new Map<string, StartFrom | undefined>();
  #patterns: Pattern[] = [];
  readonly #madeLater = new Set<string>();

  /** @param typed learns of typed topics. */
  constructor(typed: TypedTopics) {
    this.#typed = typed;
  }

  get isEmpty(): boolean {
    return this.#names.size === 0 && this.#patterns.length === 0;
  }

  get hasPatterns(): boolean {
    return this.#patterns.length > 0;
  }

  /** Those that are given by name. */
  get named(): readonly string[] {
    return [...this.#names.keys()];
  }

  /**
   * Wants more topics; all or none of them.
   * @throws SluiceError INVALID_TOPIC_NAME, INVALID_REQUEST
   */
  add(topics: readonly SubscribedTopic[], startFrom: StartFrom | undefined): void {
    const names: string[] = [];
    const patterns: Pattern[] = [];
    for (const topic of topics) {
      if (topic instanceof RegExp) patterns.push({ expression: stateless(topic), startFrom });
      else if (typeof topic === "string") names.push(topicName(topic));
      else if (isTopic(topic)) names.push(topic.name);
      else
        throw new SluiceError("INVALID_REQUEST", {
          reason: `${String(topic)} is not a topic; give a name, a RegExp, or what defineTopic gives`,
        });
    }
    for (const topic of topics) if (isTopic(topic)) this.#typed.add(topic);
    for (const name of names) this.#names.set(name, startFrom ?? this.#names.get(name));
    this.#patterns.push(...patterns);
  }

  clear(): void {
    this.#names = new Map();
    this.#patterns = [];
  }

  /** The names to ask the group for, in order: those given by name, and those of `known` that a pattern matches. */
  names(known: readonly { readonly name: string; readonly isInternal: boolean }[]): string[] {
    const names = new Set(this.#names.keys());
    for (const { name, isInternal } of known) if (!isInternal && this.#patternOf(name) !== undefined) names.add(name);
    return [...names].sort();
  }

  /** The topic was not there when reading began: all of it is for the group, whatever `startFrom` says. */
  wasMadeLater(topic: string): void {
    this.#madeLater.add(topic);
  }

  /** Where to begin in a topic, where that was said with it, or the topic is newer than the reading. */
  startFromOf(topic: string): StartFrom | undefined {
    if (this.#madeLater.has(topic)) return "earliest";
    return this.#names.get(topic) ?? this.#patternOf(topic)?.startFrom;
  }

  #patternOf(name: string): Pattern | undefined {
    return this.#patterns.find(({ expression }) => expression.test(name));
  }
}

/** A RegExp with `g` or `y` remembers where it was, and would match every other time. */
function stateless({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ""));
}
