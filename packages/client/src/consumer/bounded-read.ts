/**
 * Reads a range of a topic without a group, and ends by itself.
 *
 * The end is fixed when the read begins: `to`, or the end of the log at that moment. With `follow` there is no end but `to`.
 * Messages of one partition come in order; partitions come as they are fetched.
 */

import { SluiceError, topicName } from "@sluice/model";
import { type Cancellable, cancelled } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { checkOptionNames, integerOption } from "../option-check.js";
import { type AnyTopic, isTopic, topicNameOf } from "../topics/topic.js";
import type { ConsumerSettings } from "./consumer-options.js";
import { FetchedPartition } from "./fetched-partition.js";
import { Fetcher } from "./fetcher.js";
import type { Message } from "./message.js";
import { MessageReader } from "./message-reader.js";
import { OffsetFinder, type OffsetInput, type OffsetSpec, offsetSpecOf } from "./offset-spec.js";
import { noGroup } from "./reading.js";
import { TypedTopics } from "./typed-messages.js";

/** What `consumer.read` takes. */
export interface ReadOptions<Topic extends string | AnyTopic = string | AnyTopic> extends Cancellable {
  /** A name, for messages of bytes, or a typed topic. */
  readonly topic: Topic;
  /** Default: all. */
  readonly partition?: number | undefined;
  /** First message; in each partition, where there are several. `{last}`: so many offsets before the end. Default `earliest`. */
  readonly from?: OffsetInput | { readonly last: number } | undefined;
  /** First message that is not wanted any more. Default: the end of the log when the read begins. */
  readonly to?: OffsetInput | undefined;
  /** Most messages. Default: no limit. */
  readonly limit?: number | undefined;
  /** Stay for messages to come, until `to` or `limit` or for ever. Default false. */
  readonly follow?: boolean | undefined;
}

const subject = "read";
const names = [
  "topic",
  "partition",
  "from",
  "to",
  "limit",
  "follow",
  "signal",
] as const satisfies readonly (keyof ReadOptions)[];

export class BoundedRead implements AsyncIterableIterator<Message, undefined>, AsyncDisposable {
  readonly #options: ReadOptions;
  readonly #topic: string;
  readonly #from: OffsetSpec | { readonly last: number };
  readonly #to: OffsetSpec | undefined;
  readonly #dependencies: ClientDependencies;
  readonly #onEnded: (read: BoundedRead) => void;
  readonly #fetcher: Fetcher;
  readonly #finder: OffsetFinder;
  readonly #reader: MessageReader;
  readonly #onAbort = (): void => this.#end();
  #left: number;
  #started: Promise<void> | undefined;
  #hasStarted = false;
  #isEnded = false;

  /** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION */
  constructor(
    options: ReadOptions,
    settings: ConsumerSettings,
    dependencies: ClientDependencies & { readonly onEnded: (read: BoundedRead) => void },
  ) {
    checkOptionNames(subject, options, names);
    this.#left = integerOption({ subject, option: "limit" }, options.limit, {
      fallback: Number.POSITIVE_INFINITY,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    });
    this.#options = options;
    this.#topic = topicName(topicNameOf(options.topic));
    this.#from = startOf(options.from ?? "earliest");
    this.#to = options.to === undefined ? undefined : offsetSpecOf(options.to);
    this.#dependencies = dependencies;
    this.#onEnded = dependencies.onEnded;
    const finder = new OffsetFinder(dependencies);
    this.#finder = finder;
    const typed = new TypedTopics(settings.onDecodeError);
    if (isTopic(options.topic)) typed.add(options.topic);
    this.#fetcher = new Fetcher({ ...settings, failsOnUnknownTopic: true }, { ...dependencies, finder, typed });
    this.#reader = new MessageReader(this.#fetcher, () => this.#isOver(), dependencies.clock);
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    if (this.#hasStarted && !this.#isEnded && this.#left > 0) {
      let message: Message | undefined;
      try {
        message = this.#reader.poll();
      } catch (error) {
        this.#end();
        return Promise.reject(error as SluiceError);
      }
      if (message !== undefined) {
        this.#left--;
        return Promise.resolve({ done: false, value: message });
      }
    }
    return this.#slowNext();
  }

  async return(): Promise<IteratorResult<Message, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  /** Ends the read: whoever waits for a message gets the end, or CANCELLED where the signal did it. */
  close(): void {
    this.#end();
  }

  async #slowNext(): Promise<IteratorResult<Message, undefined>> {
    try {
      this.#started ??= this.#start();
      await this.#started;
      const message = this.#left > 0 && !this.#isEnded ? await this.#reader.next() : undefined;
      this.#checkCancelled();
      if (message !== undefined) {
        this.#left--;
        return { done: false, value: message };
      }
      this.#end();
      return { done: true, value: undefined };
    } catch (error) {
      this.#end();
      this.#checkCancelled();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { partition, follow, signal } = this.#options;
    const topic = this.#topic;
    this.#checkCancelled();
    const metadata = await this.#dependencies.metadata.requireTopic(topic, { signal });
    const partitions = metadata.partitions.map((known) => known.partition);
    if (partition !== undefined && !partitions.includes(partition))
      throw new SluiceError("UNKNOWN_PARTITION", { topic, partition });
    const wanted = partition === undefined ? partitions : [partition];
    const starts = await this.#starts(wanted);
    const ends = follow === true && this.#to === undefined ? [] : await this.#ends(wanted);
    this.#hasStarted = true;
    for (const [index, number] of wanted.entries()) {
      const offset = starts[index] as number;
      const endOffset = ends[index] ?? Number.POSITIVE_INFINITY;
      if (offset < endOffset && !this.#isEnded)
        this.#fetcher.add(new FetchedPartition({ topic, partition: number, offset, endOffset }, noGroup));
    }
  }

  async #starts(partitions: readonly number[]): Promise<number[]> {
    const from = this.#from;
    if (typeof from !== "object" || !("last" in from)) return await this.#find(partitions, from);
    const [first, end] = await Promise.all([this.#find(partitions, "earliest"), this.#find(partitions, "latest")]);
    return end.map((offset, index) => Math.max(first[index] as number, offset - from.last));
  }

  async #ends(partitions: readonly number[]): Promise<number[]> {
    const { follow } = this.#options;
    const to = this.#to;
    if (follow === true) return await this.#find(partitions, to ?? "latest");
    const log = await this.#find(partitions, "latest");
    if (to === undefined) return log;
    const wanted = await this.#find(partitions, to);
    return log.map((end, index) => Math.min(end, wanted[index] as number));
  }

  async #find(partitions: readonly number[], offset: OffsetSpec): Promise<number[]> {
    const { signal } = this.#options;
    const places = partitions.map((partition) => ({ topic: this.#topic, partition, offset }));
    return (await this.#finder.find(places, { signal })).map((found) => found.offset);
  }

  #isOver(): boolean {
    return this.#isEnded || (this.#hasStarted && this.#fetcher.partitions.every(({ isFinished }) => isFinished));
  }

  /** @throws SluiceError CANCELLED */
  #checkCancelled(): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) throw cancelled(`Reading ${this.#topic}`, signal);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#reader.abandon();
    this.#fetcher.close();
    this.#onEnded(this);
  }
}

/** @throws SluiceError INVALID_REQUEST, INVALID_OPTION */
function startOf(from: OffsetInput | { readonly last: number }): OffsetSpec | { readonly last: number } {
  if (typeof from !== "object" || from === null || !("last" in from)) return offsetSpecOf(from);
  const limits = { fallback: 0, min: 0, max: Number.MAX_SAFE_INTEGER };
  return { last: integerOption({ subject, option: "from.last" }, from.last, limits) };
}
