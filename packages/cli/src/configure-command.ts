/** Loads a command and gives it its arguments and options, its own before those that all commands have. */

import type { Command, Option } from "commander";
import type { CommandContext } from "./command-context.js";
import type { CommandEntry } from "./command-list.js";
import { sharedHeading } from "./command-options.js";

export async function configureCommand(entry: CommandEntry, command: Command, context: CommandContext): Promise<void> {
  (await entry.load()).configure(command, context);
  // The order of the list is the order of the help.
  (command.options as Option[]).sort((left, right) => Number(isShared(left)) - Number(isShared(right)));
}

/** True for an option that all commands have. */
export function isShared({ helpGroupHeading }: Option): boolean {
  return helpGroupHeading === sharedHeading;
}
