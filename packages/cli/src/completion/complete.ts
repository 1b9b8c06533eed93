/**
 * What may come next on a command line of `sluice`: the words so far go in, candidates come out.
 *
 * Commands and options come from the commands themselves, so that a new one completes without anything done here. Names of topics, groups
 * and contexts are asked for.
 */

import { topicConfigTable } from "@sluice/model";
import { Command, type Option } from "commander";
import type { CommandContext } from "../command-context.js";
import { type CommandEntry, commandGroups, commandList, type WordKind } from "../command-list.js";
import { configureCommand } from "../configure-command.js";

export interface Candidate {
  readonly value: string;
  /** For people; may be empty. */
  readonly description: string;
}

export interface Completion {
  /** Those that begin with what is typed. */
  readonly candidates: readonly Candidate[];
  /** File names would do. */
  readonly files: boolean;
}

/** Finds names that exist. @throws anything where they cannot be found */
export type FindNames = (kind: WordKind, words: readonly string[]) => Promise<readonly string[]>;

const nothing: Completion = { candidates: [], files: false };

/** Which options take a name, and of what. */
const optionKinds: Readonly<Record<string, WordKind | "file" | "setting" | "settingKey">> = {
  "--topic": "topic",
  "--group": "group",
  "--context": "context",
  "--file": "file",
  "--data": "file",
  "--set": "setting",
  "--reset": "settingKey",
};

/** @param words everything behind `sluice`; the last is what is being typed, perhaps empty */
export async function complete(
  words: readonly string[],
  context: CommandContext,
  findNames: FindNames,
): Promise<Completion> {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const entry = entryOf(before);
  if (entry === undefined) return matching(typed, commandCandidates(before));
  const command = new Command(entry.path.at(-1) ?? "");
  await configureCommand(entry, command, context);
  return completeWord({ entry, command, before, typed }, findNames);
}

interface Place {
  readonly entry: CommandEntry;
  readonly command: Command;
  readonly before: readonly string[];
  readonly typed: string;
}

async function completeWord({ entry, command, before, typed }: Place, findNames: FindNames): Promise<Completion> {
  const visible = command.options.filter(({ hidden }) => !hidden);
  const called = visible.find((option) => before.at(-1) === option.short || before.at(-1) === option.long);
  if (called?.required) return await completeValue(called, typed, before, findNames);
  const [name = "", value] = typed.split("=", 2);
  const assigned = value === undefined ? undefined : visible.find(({ long, required }) => long === name && required);
  if (assigned !== undefined && value !== undefined) {
    const { candidates, files } = await completeValue(assigned, value, before, findNames);
    return { candidates: candidates.map((one) => ({ ...one, value: `${name}=${one.value}` })), files };
  }
  if (typed.startsWith("-"))
    return matching(
      typed,
      visible.map(({ long, short, description }) => ({ value: long ?? short ?? "", description })),
    );
  if (entry.takes === undefined) {
    const choices = command.registeredArguments[0]?.argChoices ?? [];
    return choices.length > 0 ? matching(typed, plain(choices)) : { candidates: [], files: takesFiles(command) };
  }
  const given = before.slice(entry.path.length).filter((word) => !word.startsWith("-"));
  if (given.length > 0 && command.registeredArguments[0]?.variadic !== true && isAfterArgument(command, before, entry))
    return nothing;
  return matching(typed, plain(await findNames(entry.takes, before)));
}

/** Whether the one argument that names something is there already: a word that is no option, and no value of one. */
function isAfterArgument(command: Command, before: readonly string[], entry: CommandEntry): boolean {
  const words = before.slice(entry.path.length);
  return words.some((word, index) => {
    if (word.startsWith("-")) return false;
    const previous = words[index - 1] ?? "";
    return !command.options.some(({ short, long, required }) => required && (previous === short || previous === long));
  });
}

async function completeValue(
  option: Option,
  typed: string,
  before: readonly string[],
  findNames: FindNames,
): Promise<Completion> {
  if (option.argChoices !== undefined) return matching(typed, plain(option.argChoices));
  const isTopicConfig = option.long === "--config" && before[0] === "topic";
  const kind = isTopicConfig
    ? "setting"
    : (optionKinds[option.long ?? ""] ?? (option.long === "--config" ? "file" : undefined));
  if (kind === undefined) return nothing;
  if (kind === "file") return { candidates: [], files: true };
  const settings = Object.entries(topicConfigTable).map(([key, { doc }]) => ({ value: key, description: doc }));
  if (kind === "settingKey") return matching(typed, settings);
  if (kind === "setting")
    return matching(
      typed,
      settings.map(({ value, description }) => ({ value: `${value}=`, description })),
    );
  return matching(typed, plain(await findNames(kind, before)));
}

/** The command that the words name; undefined where they name none yet. */
function entryOf(before: readonly string[]): CommandEntry | undefined {
  return commandList.find(({ path }) => path.every((word, index) => before[index] === word));
}

function commandCandidates(before: readonly string[]): readonly Candidate[] {
  const visible = commandList.filter(({ isHidden }) => !isHidden);
  if (before.length === 0) {
    const single = visible.filter(({ path }) => path.length === 1);
    const groups = Object.entries(commandGroups).filter(([name]) =>
      visible.some(({ path }) => path.length === 2 && path[0] === name),
    );
    return [
      ...single.map(({ path, summary }) => ({ value: path[0], description: summary })),
      ...groups.map(([value, description]) => ({ value, description })),
    ].sort((left, right) => (left.value < right.value ? -1 : 1));
  }
  if (before.length > 1) return [];
  return visible.flatMap(({ path, summary }) =>
    path.length === 2 && path[0] === before[0] ? [{ value: path[1] ?? "", description: summary }] : [],
  );
}

function takesFiles(command: Command): boolean {
  return command.registeredArguments.some((argument) => /file|path|director/i.test(argument.name()));
}

function plain(values: readonly string[]): readonly Candidate[] {
  return values.map((value) => ({ value, description: "" }));
}

function matching(typed: string, candidates: readonly Candidate[]): Completion {
  return { candidates: candidates.filter(({ value }) => value.startsWith(typed)), files: false };
}
