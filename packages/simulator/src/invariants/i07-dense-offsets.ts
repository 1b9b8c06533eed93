/** I7: a reader finds every offset once, without a gap and without going back, and is never refused where it has read up to. */

import { type InvariantDefinition, topicPartitionName } from "./invariant.js";

/** With these a reader is told that what it has read is not there any more. */
const lossCodes = new Set(["OFFSET_OUT_OF_RANGE", "LOG_TRUNCATED"]);

export const denseOffsets: InvariantDefinition = {
  id: "I7",
  title: "readers neither skip nor rewind",
  create: ({ violated }) => {
    const nextOffset = new Map<string, number>();
    return {
      onRead(read) {
        const name = `${read.reader} of ${topicPartitionName(read)}`;
        const expected = nextOffset.get(name) ?? 0;
        if (read.offset !== expected) violated(`${name} read ${read.offset} after ${expected - 1}`);
        nextOffset.set(name, read.offset + 1);
      },
      onReaderRefused(reader, topic, partition, offset, code) {
        if (lossCodes.has(code)) violated(`${reader} had read ${topic}-${partition} up to ${offset} and got ${code}`);
      },
    };
  },
};
