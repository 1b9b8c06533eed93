/** Batches whose records have the time of their append: what their producer says of time counts nowhere. */

import { offset } from "@sluice/model";
import { stampLogAppendTime } from "@sluice/record";
import { expect, it } from "vitest";
import { batchOf, epoch, openLog, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

it.each([5, 1e15])(
  "goes by the time of the append where the producer says %d: segments and lookups",
  async (saidMs) => {
    const { log, directory } = await openLog(new MemoryFileSystem(seededRandom(1)));
    for (const appendedMs of [10_000, 20_000]) {
      const batch = batchOf(["a", "b"], [saidMs, saidMs]);
      stampLogAppendTime(batch, appendedMs);
      log.append(batch, epoch);
    }
    await log.flush();
    log.setHighWatermark(log.logEndOffset);
    expect(await log.describeSegments()).toMatchObject([{ firstTimestampMs: 10_000, maxTimestampMs: 20_000 }]);
    expect(await log.offsetForTimestamp(10_001, offset(4))).toEqual({ offset: 2, timestampMs: 20_000 });
    expect(await log.offsetForTimestamp(20_001, offset(4))).toBeUndefined();
    expect(await log.offsetOfMaxTimestamp(offset(4))).toEqual({ offset: 2, timestampMs: 20_000 });
    await directory.close();
  },
);
