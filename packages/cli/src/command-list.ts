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

export interface CommandEntry {
  readonly path: readonly [string] | readonly [string, string];
  readonly summary: string;
  load(): Promise<CommandModule>;
}

/** Nouns that have commands of their own. */
export const commandGroups: Readonly<Record<string, string>> = {
  topic: "create, look at and delete topics",
  group: "look at, reset and delete consumer groups",
  cluster: "look at the cluster",
  segment: "read the files of a log, without a broker",
  "data-dir": "look at the data directory of a broker, without it",
};

export const commandList: readonly CommandEntry[] = [
  entry("dev", "start a local cluster", () => import("./commands/dev.js")),
  entry("broker", "start one broker", () => import("./commands/broker.js")),
  entry("topic create", "create a topic", () => import("./commands/topic/create.js")),
  entry("topic list", "list topics", () => import("./commands/topic/list.js")),
  entry("topic describe", "show partitions and settings of a topic", () => import("./commands/topic/describe.js")),
  entry("topic delete", "delete a topic and its records", () => import("./commands/topic/delete.js")),
  entry("produce", "produce records from a file or standard input", () => import("./commands/produce.js")),
  entry("consume", "print records of a topic", () => import("./commands/consume.js")),
  entry("group list", "list consumer groups", () => import("./commands/group/list.js")),
  entry("group describe", "show members, offsets and lag of a group", () => import("./commands/group/describe.js")),
  entry("group reset", "move the offsets of a group", () => import("./commands/group/reset.js")),
  entry("group delete", "delete a group and its offsets", () => import("./commands/group/delete.js")),
  entry("cluster info", "show brokers and health", () => import("./commands/cluster/info.js")),
  entry("segment dump", "print what a file of a log holds", () => import("./commands/segment/dump.js")),
  entry(
    "segment verify",
    "check files of logs, or all below a directory",
    () => import("./commands/segment/verify.js"),
  ),
  entry("segment rebuild-index", "make indexes from log files", () => import("./commands/segment/rebuild-index.js")),
  entry("data-dir inspect", "show whose it is and what is in it", () => import("./commands/data-dir/inspect.js")),
];

function entry(words: string, summary: string, load: () => Promise<CommandModule>): CommandEntry {
  const [first = "", second] = words.split(" ");
  return { path: second === undefined ? [first] : [first, second], summary, load };
}
