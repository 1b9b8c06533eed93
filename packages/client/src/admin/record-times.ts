/**
 * When the records at given offsets were written: one batch of each partition is fetched from its leader.
 *
 * There is no question to a broker that an offset is and a time the answer. At most a few fetches are under way at once, so that
 * memory is bounded by as many batches.
 */

import { isSluiceError, type MessageStream, SluiceError, type TopicPartition } from "@sluice/model";
import { type FetchRequest, type FetchResponse, logService } from "@sluice/protocol";
import { batchesIn, readBatchHeader, recordsIn } from "@sluice/record";
import { anySignal, type Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import type { PartitionLeader } from "../cluster-metadata.js";
import { withRetries } from "../retry-policy.js";

/** A place in a partition. */
export interface RecordPlace extends TopicPartition {
  readonly offset: number;
}

/** Fetches under way at once. */
const fetchesMax = 8;

export class RecordTimes {
  readonly #dependencies: Pick<
    ClientDependencies,
    "clock" | "policy" | "connections" | "metadata" | "requestTimeoutMs"
  >;

  constructor(
    dependencies: Pick<ClientDependencies, "clock" | "policy" | "connections" | "metadata" | "requestTimeoutMs">,
  ) {
    this.#dependencies = dependencies;
  }

  /**
   * Timestamps of the first records at or after the places, milliseconds since 1970, in their order. Undefined: there is none, or
   * the log has been cut off above the place meanwhile.
   * @throws SluiceError UNKNOWN_TOPIC, LEADER_NOT_AVAILABLE, BROKER_UNREACHABLE, CANCELLED ...
   */
  async find(places: readonly RecordPlace[], options: Cancellable = {}): Promise<(number | undefined)[]> {
    const found: (number | undefined)[] = [];
    const waiting = places.entries();
    const work = async (): Promise<void> => {
      for (const [index, place] of waiting) found[index] = await this.#timestampAt(place, options);
    };
    await Promise.all(Array.from({ length: Math.min(fetchesMax, places.length) }, work));
    return places.map((_, index) => found[index]);
  }

  async #timestampAt(place: RecordPlace, options: Cancellable): Promise<number | undefined> {
    const { clock, policy, metadata, requestTimeoutMs: timeoutMs } = this.#dependencies;
    const { topic, partition } = place;
    const response = await withRetries(
      async (retry) => {
        if (retry > 0) await metadata.refresh([topic], options);
        await metadata.requireTopic(topic, options);
        const leader = metadata.leaderOf(topic, partition);
        if (leader === undefined) throw metadata.whyNoLeader(topic, partition);
        return await this.#fetch(leader, place, options);
      },
      {
        clock,
        policy,
        timeoutMs,
        signal: options.signal,
        isWorthRetry: ({ code, retriable }) => retriable && code !== "UNKNOWN_TOPIC" && code !== "UNKNOWN_PARTITION",
      },
    );
    return response === undefined ? undefined : timestampIn(response.records, place.offset);
  }

  /** One answer, on a stream of its own. Undefined: there is no such offset any more. */
  async #fetch(leader: PartitionLeader, place: RecordPlace, options: Cancellable): Promise<FetchResponse | undefined> {
    const { clock, connections, requestTimeoutMs: timeoutMs } = this.#dependencies;
    const scope = anySignal(options.signal);
    let stream: MessageStream<FetchRequest> | undefined;
    const late = clock.setTimer(timeoutMs, () => {
      const operation = `Reading the record at offset ${place.offset} of ${place.topic}-${place.partition}`;
      stream?.abort(new SluiceError("REQUEST_TIMED_OUT", { operation, timeoutMs }));
    });
    try {
      return await new Promise<FetchResponse>((resolve, reject) => {
        const opened = connections.open(leader.address, logService.fetch, {
          onMessage: (response) => (response.error === undefined ? resolve(response) : reject(response.error)),
          onEnd: () => reject(new SluiceError("BROKER_STOPPING", { broker: leader.brokerId })),
          onError: reject,
        });
        stream = opened;
        scope.signal.addEventListener("abort", () =>
          opened.abort(new SluiceError("CANCELLED", { operation: "Reading" })),
        );
        const { topic, partition, offset: fetchOffset } = place;
        const bounds = { maxBytes: 1, maxWaitMs: 0, minBytes: 1, leaderEpoch: undefined };
        opened.send({ correlationId: 1, topic, partition, fetchOffset, ...bounds });
      });
    } catch (error) {
      if (isSluiceError(error, "OFFSET_OUT_OF_RANGE")) return undefined;
      throw error;
    } finally {
      late.cancel();
      scope.dispose();
      stream?.end();
    }
  }
}

function timestampIn(records: Buffer, offset: number): number | undefined {
  for (const batch of batchesIn(records)) {
    const header = readBatchHeader(batch);
    const isWhole = header.recordCount === header.lastOffsetDelta + 1 && !header.hasDeleteHorizon;
    // The header has the time of the first record: then nothing needs to be unpacked.
    if (header.baseOffset >= offset && isWhole && !header.isControl)
      return header.timestampType === "createTime" ? header.baseTimestampMs : header.maxTimestampMs;
    if (header.isControl) continue;
    for (const record of recordsIn(batch)) if (record.offset >= offset) return record.timestampMs;
  }
  return undefined;
}
