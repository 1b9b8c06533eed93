/**
 * The program `sluice`: finds the command that the arguments name, loads it alone, runs it, and turns how it ended into an exit
 * code. Errors end with what to do next.
 */

import { Command, CommanderError } from "commander";
import picocolors from "picocolors";
import { type CommandContext, Interruption } from "./command-context.js";
import { type CommandEntry, commandGroups, commandList } from "./command-list.js";
import { configureCommand } from "./configure-command.js";
import { describeFailure } from "./describe-failure.js";
import { type ExitCode, exitCode } from "./exit-code.js";
import { withGlobalsBehind } from "./global-options.js";
import { PlainOutput } from "./plain-output.js";
import { programVersion } from "./program-version.js";

/** Runs one command line to its end, and never throws. */
export async function runProgram(
  args: readonly string[],
  process: Omit<CommandContext, "setExitCode">,
): Promise<ExitCode> {
  let code: ExitCode = exitCode.ok;
  const hasColors = !args.includes("--no-color");
  const context: CommandContext = {
    ...process,
    stdout: hasColors ? process.stdout : new PlainOutput(process.stdout),
    stderr: hasColors ? process.stderr : new PlainOutput(process.stderr),
    setExitCode: (given) => {
      code = given;
    },
  };
  try {
    const words = withHelpAtEnd(withGlobalsBehind(args, commandList));
    const program = await buildProgram(words, context);
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    const { signal } = context;
    // What a command throws after it was asked to stop is the way out, not a failure.
    if (signal.aborted && signal.reason instanceof Interruption) return signal.reason.exitCode;
    const failure = describeFailure(error);
    const { red } = picocolors.createColors(context.stderr.hasColors);
    await context.stderr.write(`${red("error:")} ${failure.text}\n`);
    return failure.exitCode;
  }
}

/** `help segment dump` as `segment dump --help`: commander's own `help` knows one word. */
function withHelpAtEnd(args: readonly string[]): readonly string[] {
  const [help, ...words] = args;
  const isKnown = commandList.some(
    ({ path }) => path.length === words.length && path.every((word, at) => word === words[at]),
  );
  return help === "help" && isKnown ? [...words, "--help"] : args;
}

/** All commands with their summaries; only the one that is called is loaded and has its options. */
async function buildProgram(args: readonly string[], context: CommandContext): Promise<Command> {
  const program = prepare(new Command("sluice"), context)
    .description(
      "Sluice: a partitioned commit log. Brokers come from --brokers, SLUICE_BROKERS or a context, else localhost:9092.",
    )
    .version(programVersion(), "-V, --version")
    .addHelpText("after", "\n'sluice cheat' shows the commands of a day; 'sluice doctor' says what is wrong.");
  const groups = new Map<string, Command>();
  for (const entry of commandList) {
    const [first, second] = entry.path;
    const parent = second === undefined ? program : groupOf(first, groups, program, context);
    const command = prepare(parent.command(second ?? first, { hidden: entry.isHidden }), context).summary(
      entry.summary,
    );
    command.description(`${entry.summary.charAt(0).toUpperCase()}${entry.summary.slice(1)}.`);
    if (isCalled(entry, args)) await configureCommand(entry, command, context);
  }
  return program;
}

function groupOf(name: string, groups: Map<string, Command>, program: Command, context: CommandContext): Command {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const group = prepare(program.command(name), context).description(commandGroups[name] ?? "");
  groups.set(name, group);
  return group;
}

/** True for the command whose name the arguments begin with; behind `help` too. */
function isCalled(entry: CommandEntry, args: readonly string[]): boolean {
  const words = args.filter((arg) => arg !== "help");
  return entry.path.every((word, index) => words[index] === word);
}

/** Settings that commander does not hand down: errors are thrown, and go to standard error with a way out. */
function prepare(command: Command, context: CommandContext): Command {
  const writeOut = (text: string): void => void context.stdout.write(text);
  const writeErr = (text: string): void => void context.stderr.write(text);
  return command
    .exitOverride()
    .configureOutput({
      writeOut,
      writeErr,
      getOutHelpWidth: () => context.stdout.columns,
      getErrHelpWidth: () => context.stderr.columns,
      outputError: (text, write) =>
        write(`${text.trimEnd()}\nRun '${fullName(command)} --help' to see what it takes.\n`),
    })
    .showSuggestionAfterError()
    .allowExcessArguments(false);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
