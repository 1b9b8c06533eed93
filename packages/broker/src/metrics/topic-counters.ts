/**
 * What went in and out, by topic. A metric for each topic of thousands would be more than its reader can bear: the first
 * `topicsMax` topics that are used are counted by name, all others together.
 */

/** Counts of one topic. They only grow. */
export class TopicTraffic {
  /** Records in batches that were accepted. */
  recordsIn = 0;
  /** Their bytes, as they are kept. */
  bytesIn = 0;
  /** Bytes of batches that were fetched. */
  bytesOut = 0;
}

/** Topics that are counted by name. */
const topicsMax = 200;
/** The name under which all others are counted; no topic can be called so. */
export const otherTopics = "(other)";

export class TopicCounters {
  readonly #byName = new Map<string, TopicTraffic>();
  readonly #others = new TopicTraffic();

  produced(topic: string, records: number, bytes: number): void {
    const traffic = this.#of(topic);
    traffic.recordsIn += records;
    traffic.bytesIn += bytes;
  }

  fetched(topic: string, bytes: number): void {
    this.#of(topic).bytesOut += bytes;
  }

  /** By name; the others last, where there are any. */
  *entries(): Iterable<readonly [topic: string, traffic: TopicTraffic]> {
    yield* this.#byName;
    if (this.#others.bytesIn > 0 || this.#others.bytesOut > 0) yield [otherTopics, this.#others];
  }

  #of(topic: string): TopicTraffic {
    const known = this.#byName.get(topic);
    if (known !== undefined) return known;
    if (this.#byName.size >= topicsMax) return this.#others;
    const traffic = new TopicTraffic();
    this.#byName.set(topic, traffic);
    return traffic;
  }
}
