/** `sluice partition verify`: which moves of replicas are under way, and how far. Exit code 3 while there are any. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { idsText } from "../../partition/moves.js";
import { printAnswer } from "../../print-answer.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("[topic]")
    .action((topic: string | undefined, options: ClusterOptions) => verify(topic, options, context));
}

async function verify(topic: string | undefined, options: ClusterOptions, context: CommandContext): Promise<void> {
  const request = topic === undefined ? {} : { topics: [{ topic }] };
  const { topics } = await withClient(options, context, (client) => client.admin().listPartitionReassignments(request));
  const moves = topics.flatMap(({ topic: name, partitions }) =>
    partitions.map(({ partition, replicas, addingReplicas, removingReplicas, caughtUpReplicas }) => {
      return { topic: name, partition, replicas, addingReplicas, removingReplicas, caughtUpReplicas };
    }),
  );
  if (moves.length > 0) context.setExitCode(exitCode.unhealthy);
  await printAnswer(context, options, {
    value: { finished: moves.length === 0, moves },
    text: () =>
      moves.length === 0
        ? "No move is under way.\n"
        : formatTable(
            [
              { title: "TOPIC" },
              { title: "PARTITION", align: "right" },
              { title: "REPLICAS" },
              { title: "ADDING" },
              { title: "IN SYNC OF THESE" },
              { title: "REMOVING" },
            ],
            moves.map((move) => [
              move.topic,
              move.partition,
              idsText(move.replicas),
              idsText(move.addingReplicas),
              idsText(move.caughtUpReplicas),
              idsText(move.removingReplicas),
            ]),
          ),
  });
}
