/** I1: every record that was acknowledged with acks=all can be read at the end, at its offset, with its bytes. */

import { type InvariantDefinition, topicPartitionName } from "./invariant.js";

export const noLostAcknowledgement: InvariantDefinition = {
  id: "I1",
  title: "no acknowledged record is lost",
  create: ({ history, finalRecords, violated }) => ({
    atEnd() {
      for (const send of history.sends.values()) {
        if (send.acks !== "all" || send.state !== "acknowledged" || send.offset === undefined) continue;
        const partition = topicPartitionName(send);
        const found = finalRecords.get(partition)?.get(send.offset);
        if (found !== send.id)
          violated(`${send.id} was acknowledged at ${partition}@${send.offset}, where ${found} is`);
      }
    },
  }),
};
