/**
 * Offsets of partitions wherever they are led: this broker answers for its own, and asks the leaders of the others.
 *
 * One call to each broker that leads any of them. Any question without an answer fails the whole: who asks plans with all of them.
 */

import type { ClusterImage } from "@sluice/cluster";
import { type BrokerId, invariant, isSluiceError, SluiceError, topicName } from "@sluice/model";
import type { InternalClient, PartitionQuery } from "../internal-client.js";
import type { LedPartitions, OffsetAnswer } from "../partition/partition-access.js";

export interface OffsetLookupDependencies {
  readonly partitions: LedPartitions;
  readonly internalClient: Pick<InternalClient, "listOffsets">;
  /** The newest image. */
  image(): ClusterImage;
}

export class OffsetLookup {
  readonly #brokerId: BrokerId;
  readonly #dependencies: OffsetLookupDependencies;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: OffsetLookupDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  /**
   * The answers, in the order of the queries.
   * @throws SluiceError UNKNOWN_TOPIC, UNKNOWN_PARTITION, LEADER_NOT_AVAILABLE, what a leader refuses a query with, and what
   *   calling it throws
   */
  async lookUp(queries: readonly PartitionQuery[]): Promise<OffsetAnswer[]> {
    const byLeader = new Map<BrokerId, number[]>();
    for (const [index, query] of queries.entries()) {
      const leader = this.#leaderOrThrow(query);
      const indexes = byLeader.get(leader);
      if (indexes === undefined) byLeader.set(leader, [index]);
      else indexes.push(index);
    }
    const answers = new Map<number, OffsetAnswer>();
    const asking = [...byLeader].map(async ([leader, indexes]) => {
      const asked = indexes.map((index) => queries[index] as PartitionQuery);
      const answered = await this.#ask(leader, asked);
      for (const [position, index] of indexes.entries()) answers.set(index, answerOrThrow(answered[position]));
    });
    await Promise.all(asking);
    return queries.map((_, index) => answerOrThrow(answers.get(index)));
  }

  #ask(leader: BrokerId, queries: readonly PartitionQuery[]): Promise<readonly (OffsetAnswer | SluiceError)[]> {
    if (leader !== this.#brokerId) return this.#dependencies.internalClient.listOffsets(leader, queries);
    const { partitions } = this.#dependencies;
    return Promise.all(
      queries.map(async ({ topic, partition, query }) => partitions.ledOrThrow(topic, partition).listOffset(query)),
    );
  }

  #leaderOrThrow({ topic, partition }: PartitionQuery): BrokerId {
    const image = this.#dependencies.image().topics.get(topicName(topic));
    if (image === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic });
    const found = image.partitions[partition];
    if (found === undefined) throw new SluiceError("UNKNOWN_PARTITION", { topic, partition });
    if (found.leader === undefined) throw new SluiceError("LEADER_NOT_AVAILABLE", { topic, partition });
    return found.leader;
  }
}

function answerOrThrow(answer: OffsetAnswer | SluiceError | undefined): OffsetAnswer {
  invariant(answer !== undefined, "a query of offsets was not answered");
  if (isSluiceError(answer)) throw answer;
  return answer;
}
