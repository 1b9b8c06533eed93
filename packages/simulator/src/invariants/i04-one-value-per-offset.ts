/** I4: whoever reads an offset, from whichever replica and whenever, reads the same record. */

import { type InvariantDefinition, topicPartitionName } from "./invariant.js";

export const oneValuePerOffset: InvariantDefinition = {
  id: "I4",
  title: "one value for each offset",
  create: ({ violated }) => {
    const valueAt = new Map<string, string>();
    return {
      onRead(read) {
        const place = `${topicPartitionName(read)}@${read.offset}`;
        const known = valueAt.get(place) ?? read.sendId;
        valueAt.set(place, known);
        if (known !== read.sendId)
          violated(`${read.reader} read ${read.sendId} at ${place}, where ${known} had been read`);
      },
    };
  },
};
