/**
 * Every command with its file. A file is loaded only when its command is called, so that `sluice --help` does not wait for
 * gRPC, and a new command is one entry here and one file.
 */

import type { Command } from "commander";
import type { CommandContext } from "./command-context.js";

/** What a file in commands/ exports. */
export interface CommandModule {
  /** Declares arguments, options and action. */
  configure(command: Command, context: CommandContext): void;
}

/** What a word of a command line names, so that a shell can complete it. */
export type WordKind = "topic" | "group" | "context";

export interface CommandEntry {
  readonly path: readonly [string] | readonly [string, string];
  readonly summary: string;
  /** What its arguments name. */
  readonly takes?: WordKind | undefined;
  /** Not shown: for programs. */
  readonly isHidden: boolean;
  load(): Promise<CommandModule>;
}

/** Nouns that have commands of their own. */
export const commandGroups: Readonly<Record<string, string>> = {
  context: "names for clusters",
  topic: "create, look at, change and delete topics",
  group: "look at, reset and delete consumer groups",
  partition: "look at and move leaders and replicas of partitions",
  cluster: "look at the cluster, drain and balance its brokers",
  bench: "measure how fast a cluster is",
  config: "check the configuration of a broker",
  segment: "read the files of a log, without a broker",
  "data-dir": "look at the data directory of a broker, without it",
  generate: "make files that other programs read",
};

export const commandList: readonly CommandEntry[] = [
  entry("dev", "start a local cluster", () => import("./commands/dev.js")),
  entry("broker", "start one broker", () => import("./commands/broker.js")),
  entry("context create", "give a cluster a name", () => import("./commands/context/create.js")),
  entry("context use", "make a context the current one", () => import("./commands/context/use.js"), "context"),
  entry("context list", "list contexts", () => import("./commands/context/list.js")),
  entry(
    "context show",
    "show which brokers a command would ask",
    () => import("./commands/context/show.js"),
    "context",
  ),
  entry("context delete", "forget a context", () => import("./commands/context/delete.js"), "context"),
  entry("topic create", "create a topic", () => import("./commands/topic/create.js")),
  entry("topic list", "list topics", () => import("./commands/topic/list.js")),
  entry(
    "topic describe",
    "show partitions and settings of a topic",
    () => import("./commands/topic/describe.js"),
    "topic",
  ),
  entry("topic delete", "delete a topic and its records", () => import("./commands/topic/delete.js"), "topic"),
  entry("topic alter", "change settings of a topic", () => import("./commands/topic/alter.js"), "topic"),
  entry(
    "topic add-partitions",
    "give a topic more partitions",
    () => import("./commands/topic/add-partitions.js"),
    "topic",
  ),
  entry("topic trim", "delete the records of a topic below a place", () => import("./commands/topic/trim.js"), "topic"),
  entry("topic offsets", "show where partitions begin and end", () => import("./commands/topic/offsets.js"), "topic"),
  entry("produce", "produce records from a file or standard input", () => import("./commands/produce.js"), "topic"),
  entry("consume", "print records of topics", () => import("./commands/consume.js"), "topic"),
  entry("group list", "list consumer groups", () => import("./commands/group/list.js")),
  entry(
    "group describe",
    "show members, offsets and lag of a group",
    () => import("./commands/group/describe.js"),
    "group",
  ),
  entry("group members", "show who is in a group", () => import("./commands/group/members.js"), "group"),
  entry("group lag", "show how far a group is behind", () => import("./commands/group/lag.js"), "group"),
  entry("group reset", "move the offsets of a group", () => import("./commands/group/reset.js"), "group"),
  entry(
    "group export",
    "write the offsets of a group as CSV or JSON",
    () => import("./commands/group/export.js"),
    "group",
  ),
  entry("group import", "give a group the offsets of a file", () => import("./commands/group/import.js"), "group"),
  entry(
    "group delete-offsets",
    "make a group forget offsets",
    () => import("./commands/group/delete-offsets.js"),
    "group",
  ),
  entry("group delete", "delete a group and its offsets", () => import("./commands/group/delete.js"), "group"),
  entry(
    "partition list",
    "list partitions with leaders and replicas",
    () => import("./commands/partition/list.js"),
    "topic",
  ),
  entry("partition describe", "show all of one partition", () => import("./commands/partition/describe.js"), "topic"),
  entry(
    "partition reassign",
    "move replicas to other brokers, or cancel moves",
    () => import("./commands/partition/reassign.js"),
    "topic",
  ),
  entry(
    "partition elect-leader",
    "give partitions another leader",
    () => import("./commands/partition/elect-leader.js"),
    "topic",
  ),
  entry("partition verify", "say whether moves are finished", () => import("./commands/partition/verify.js"), "topic"),
  entry("cluster info", "show brokers and health", () => import("./commands/cluster/info.js")),
  entry("cluster health", "say whether all is well, and what is not", () => import("./commands/cluster/health.js")),
  entry("cluster brokers", "show each broker with its health and disk", () => import("./commands/cluster/brokers.js")),
  entry("cluster drain", "move everything away from a broker", () => import("./commands/cluster/drain.js")),
  entry("cluster undrain", "place replicas on a broker again", () => import("./commands/cluster/undrain.js")),
  entry("cluster balance", "spread replicas and leaders evenly", () => import("./commands/cluster/balance.js")),
  entry(
    "cluster adopt-restore",
    "go on after the cluster store was restored from a backup",
    () => import("./commands/cluster/adopt-restore.js"),
  ),
  entry("cluster config", "show the settings of each broker in force", () => import("./commands/cluster/config.js")),
  entry("bench produce", "measure how much a cluster takes", () => import("./commands/bench/produce.js")),
  entry("bench consume", "measure how fast records are read", () => import("./commands/bench/consume.js")),
  entry("bench end-to-end", "measure how long a record is under way", () => import("./commands/bench/end-to-end.js")),
  entry("config list", "list the settings of a broker", () => import("./commands/config/list.js")),
  entry("config validate", "check a configuration file of a broker", () => import("./commands/config/validate.js")),
  entry("segment dump", "print what a file of a log holds", () => import("./commands/segment/dump.js")),
  entry(
    "segment verify",
    "check files of logs, or all below a directory",
    () => import("./commands/segment/verify.js"),
  ),
  entry("segment rebuild-index", "make indexes from log files", () => import("./commands/segment/rebuild-index.js")),
  entry("data-dir inspect", "show whose it is and what is in it", () => import("./commands/data-dir/inspect.js")),
  entry("doctor", "find out what is wrong, and what to do", () => import("./commands/doctor.js")),
  entry("api", "call a method of a broker with JSON", () => import("./commands/api.js")),
  entry(
    "generate completion",
    "make the script that completes words in a shell",
    () => import("./commands/generate/completion.js"),
  ),
  entry("cheat", "show the commands of a day", () => import("./commands/cheat.js")),
  entry("version", "show the version of this program and of the brokers", () => import("./commands/version.js")),
  entry("__complete", "complete a command line", () => import("./commands/complete.js")),
];

function entry(words: string, summary: string, load: () => Promise<CommandModule>, takes?: WordKind): CommandEntry {
  const [first = "", second] = words.split(" ");
  const isHidden = first.startsWith("__");
  return { path: second === undefined ? [first] : [first, second], summary, takes, isHidden, load };
}
