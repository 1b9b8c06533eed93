/** `sluice cluster info`: who is there, and whether every partition has a leader. Exit code 3 where one has none. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, isForPrograms, withClusterOptions } from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { absentBrokersText } from "../../partition/absent-brokers.js";
import { printJson } from "../../print-json.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command).action((options: ClusterOptions) => info(options, context));
}

async function info(options: ClusterOptions, context: CommandContext): Promise<void> {
  const { cluster, topics } = await withClient(options, context, async (client) => {
    const admin = client.admin();
    return { cluster: await admin.describeCluster(), topics: (await admin.fetchTopicMetadata()).topics };
  });
  const partitions = topics.flatMap((topic) => topic.partitions);
  const leaderless = partitions.filter(({ leaderId }) => leaderId === undefined).length;
  const brokers = cluster.brokers.map(({ nodeId, host, port, rack, isFenced, isDrained }) => {
    const leads = partitions.filter(({ leaderId }) => leaderId === nodeId).length;
    const keeps = partitions.filter(({ replicas }) => replicas.includes(nodeId)).length;
    return { id: nodeId, host, port, rack, fenced: isFenced, drained: isDrained, leads, keeps };
  });
  const healthy = leaderless === 0 && cluster.controller !== undefined;
  if (!healthy) context.setExitCode(exitCode.unhealthy);
  if (isForPrograms(options)) {
    const counts = { topics: topics.filter(({ isInternal }) => !isInternal).length, partitions: partitions.length };
    const { clusterId, controller = null } = cluster;
    return printJson(context, { clusterId, controller, healthy, ...counts, leaderless, brokers }, options);
  }
  const table = formatTable(
    [
      { title: "BROKER", align: "right" },
      { title: "ADDRESS" },
      { title: "RACK" },
      { title: "LEADS", align: "right" },
      { title: "KEEPS", align: "right" },
      { title: "" },
    ],
    brokers.map(({ id, host, port, rack, leads, keeps, fenced, drained }) => {
      const remarks = [
        ...(id === cluster.controller ? ["controller"] : []),
        ...(fenced ? ["fenced"] : []),
        ...(drained ? ["drained"] : []),
      ];
      return [id, `${host}:${port}`, rack === "" ? null : rack, leads, keeps, remarks.join(", ")];
    }),
  );
  const verdict = healthy
    ? "Healthy: every partition has a leader."
    : `Not healthy: ${cluster.controller === undefined ? "no controller, " : ""}${leaderless} of ${partitions.length} partitions have no leader.`;
  await context.stdout.write(`Cluster ${cluster.clusterId}\n\n${table}\n${absentBrokersText(partitions)}${verdict}\n`);
}
