/** I6: what one idempotent producer sent to a partition is there in the order in which it was sent. */

import type { InvariantDefinition } from "./invariant.js";

export const sendOrder: InvariantDefinition = {
  id: "I6",
  title: "the order of a producer is the order of offsets",
  create: ({ history, finalRecords, violated }) => ({
    atEnd() {
      for (const [partition, records] of finalRecords) {
        const lastIndexOf = new Map<string, number>();
        for (const [offset, sendId] of [...records].sort(([a], [b]) => a - b)) {
          const send = history.sends.get(sendId);
          if (send?.isIdempotent !== true) continue;
          const last = lastIndexOf.get(send.producer) ?? -1;
          if (send.index <= last)
            violated(`${sendId} is at ${partition}@${offset}, after number ${last} of its producer`);
          lastIndexOf.set(send.producer, send.index);
        }
      }
    },
  }),
};
