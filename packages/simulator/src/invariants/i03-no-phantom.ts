/** I3: every record that is read was sent, and is none whose send has definitely failed. */

import type { InvariantDefinition } from "./invariant.js";

export const noPhantom: InvariantDefinition = {
  id: "I3",
  title: "nothing is read that was not sent, or that was refused",
  create: ({ history, violated }) => {
    const readIds = new Set<string>();
    return {
      onRead({ sendId, topic, partition, offset, reader }) {
        const send = history.sends.get(sendId);
        if (send === undefined)
          violated(`${reader} read '${sendId}' at ${topic}-${partition}@${offset}, which nobody sent`);
        else if (send.state === "failed")
          violated(`${reader} read ${sendId} at ${topic}-${partition}@${offset}, which was refused`);
        readIds.add(sendId);
      },
      onFailed(send) {
        if (readIds.has(send.id)) violated(`${send.id} was refused after it had been read`);
      },
    };
  },
};
