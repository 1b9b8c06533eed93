/** Every command as it describes itself: what docs/command-line.md is made from, so that the page is always true. */

import { Command } from "commander";
import type { CommandContext, TextOutput } from "./command-context.js";
import { commandList } from "./command-list.js";
import { configureCommand, isShared } from "./configure-command.js";

export interface OptionReference {
  /** As `-n, --count <records>`. */
  readonly flags: string;
  readonly description: string;
  /** What it may be, where only some words do. */
  readonly choices: readonly string[];
  /** As text; undefined: none. */
  readonly default?: string | undefined;
  /** Every command has it. */
  readonly isShared: boolean;
}

export interface CommandReference {
  /** As `topic create`. */
  readonly name: string;
  readonly summary: string;
  /** As `sluice topic create [options] <name>`. */
  readonly usage: string;
  readonly options: readonly OptionReference[];
  /** What the help says behind the options; may be empty. */
  readonly notes: string;
}

/** All commands that a person may call, in the order of the help. */
export async function commandReference(): Promise<readonly CommandReference[]> {
  const references: CommandReference[] = [];
  for (const entry of commandList.filter(({ isHidden }) => !isHidden)) {
    const command = new Command(entry.path.at(-1));
    let notes = "";
    command.configureOutput({
      writeOut: (text) => {
        notes += text;
      },
    });
    await configureCommand(entry, command, nobody);
    const name = entry.path.join(" ");
    const options = command.options.map((option) => ({
      flags: option.flags,
      description: option.description,
      choices: option.argChoices ?? [],
      default: option.defaultValue === undefined || option.negate ? undefined : String(option.defaultValue),
      isShared: isShared(option),
    }));
    command.outputHelp();
    const text = notes.slice(command.helpInformation().length).trim();
    references.push({ name, summary: entry.summary, usage: `sluice ${name} ${command.usage()}`, options, notes: text });
  }
  return references;
}

const nowhere: TextOutput = { isTerminal: false, hasColors: false, columns: 80, write: () => Promise.resolve() };

/** The world of a command that is described and not run. */
const nobody: CommandContext = {
  env: {},
  stdin: { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) },
  stdout: nowhere,
  stderr: nowhere,
  isInteractive: false,
  signal: new AbortController().signal,
  setExitCode: () => undefined,
};
