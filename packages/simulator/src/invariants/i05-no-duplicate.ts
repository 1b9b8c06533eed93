/** I5: what an idempotent producer sent once is at one offset at most, however often it repeated it. */

import { type InvariantDefinition, topicPartitionName } from "./invariant.js";

export const noDuplicate: InvariantDefinition = {
  id: "I5",
  title: "no duplicates with idempotence",
  create: ({ history, violated }) => {
    const placeOf = new Map<string, string>();
    return {
      onRead(read) {
        if (history.sends.get(read.sendId)?.isIdempotent !== true) return;
        const place = `${topicPartitionName(read)}@${read.offset}`;
        const known = placeOf.get(read.sendId) ?? place;
        placeOf.set(read.sendId, known);
        if (known !== place) violated(`${read.sendId} was read at ${known} and at ${place}`);
      },
    };
  },
};
