/** Options of a consumer and of `run` that programs written for kafkajs may have and Sluice does not: why, and what to do instead. */

import { replacedOptions } from "../kafkajs-options.js";
import type { ReplacedOptions } from "../option-check.js";

const later = "transactions come in a later version, and until then every record that is read is committed";

export const replacedConsumerOptions: ReplacedOptions = {
  ...replacedOptions("consumer"),
  isolation: { reason: later, replacement: "Leave it out." },
  isolationLevel: { reason: later, replacement: "Leave it out." },
  instanceId: {
    reason: "a member keeps its partitions while its stream breaks, and a new process is a new member",
    replacement: "Set sessionTimeout above the time of a restart.",
  },
  fromBeginning: {
    reason: "it belongs to subscribe, and says where to begin only where nothing is committed",
    replacement: "Use startFrom: 'earliest'.",
  },
  eachMessage: { reason: "handlers belong to run", replacement: "Give it to consumer.run()." },
  eachBatch: { reason: "handlers belong to run", replacement: "Give it to consumer.run()." },
};

export const replacedRetryOptions: ReplacedOptions = replacedOptions("retry");
