/** Topics of a group as people name them: `orders`, or with some of their partitions, `orders:0,1`. */

import { InvalidArgumentError } from "commander";

export interface SelectedTopic {
  readonly topic: string;
  /** Undefined: all. */
  readonly partitions?: readonly number[] | undefined;
}

/** Parser of an option that is given once for each topic. A topic that comes again adds partitions. */
export function collectTopic(text: string, before: readonly SelectedTopic[] = []): readonly SelectedTopic[] {
  const separator = text.lastIndexOf(":");
  const topic = separator < 0 ? text : text.slice(0, separator);
  const numbers = separator < 0 ? undefined : text.slice(separator + 1);
  if (topic === "") throw new InvalidArgumentError("It takes a topic, as orders or orders:0,1.");
  if (numbers !== undefined && !/^\d+(,\d+)*$/.test(numbers))
    throw new InvalidArgumentError("It takes partitions behind the colon, as orders:0,1.");
  const partitions = numbers?.split(",").map(Number);
  const known = before.find((one) => one.topic === topic);
  if (known === undefined) return [...before, partitions === undefined ? { topic } : { topic, partitions }];
  const both =
    known.partitions === undefined || partitions === undefined
      ? { topic }
      : { topic, partitions: [...new Set([...known.partitions, ...partitions])] };
  return before.map((one) => (one === known ? both : one));
}
