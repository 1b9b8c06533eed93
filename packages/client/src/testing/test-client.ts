/** A client of a fake cluster, with chance from a seed and retries that do not make tests wait. */

import type { Clock } from "@sluice/model";
import { NodeClock } from "@sluice/model/node";
import { SeededRandom } from "@sluice/model/testing";
import { RecordBatchBuilder } from "@sluice/record";
import { Sluice, type SluiceOptions } from "../sluice.js";
import type { FakeCluster } from "./fake-cluster.js";

export function testClient(
  cluster: FakeCluster,
  options: Partial<SluiceOptions> & { readonly clock?: Clock } = {},
): Sluice {
  const { clock = new NodeClock(), ...rest } = options;
  const retry = { initialRetryTime: 1, maxRetryTime: 5 };
  return new Sluice(
    { brokers: cluster.bootstrap, retry, ...rest },
    { transport: cluster.transport, clock, random: new SeededRandom(1) },
  );
}

/** A batch with these values, of records without keys. Timestamps are 1000, 1001 ... */
export function batchOf(...values: readonly string[]): Buffer {
  const builder = new RecordBatchBuilder();
  values.forEach((value, index) => {
    builder.append({ timestampMs: 1000 + index, key: null, value: Buffer.from(value) });
  });
  return builder.build();
}

/** Lets everything that only waits for promises go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
