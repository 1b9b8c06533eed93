/** I8: nothing at or above the high watermark is given to a reader. */

import { batchesIn, batchLastOffset } from "@sluice/record";
import type { InvariantDefinition } from "./invariant.js";

export const readCommitted: InvariantDefinition = {
  id: "I8",
  title: "only what is committed is read",
  create: ({ violated }) => ({
    onFetchAnswered({ broker, partition, response }) {
      for (const batch of batchesIn(response.records)) {
        const last = batchLastOffset(batch);
        if (last >= response.highWatermark) {
          violated(
            `broker ${broker} gave ${partition}@${last} to a reader at high watermark ${response.highWatermark}`,
          );
        }
      }
    },
  }),
};
