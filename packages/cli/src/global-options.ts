/** Options that every command takes may also stand before its name: `sluice --context prod topic list`. */

const withValue: ReadonlySet<string> = new Set(["--brokers", "--context", "--timeout", "-o", "--output"]);
const flags: ReadonlySet<string> = new Set(["-q", "--quiet", "-v", "--verbose", "--no-color", "-y", "--yes"]);

/** The arguments with options that stand before the command moved behind its words. What is not known stays where it is. */
export function withGlobalsBehind(
  args: readonly string[],
  commands: readonly { readonly path: readonly string[] }[],
): readonly string[] {
  const end = globalsEnd(args);
  if (end === 0) return args;
  const rest = args.slice(end);
  const called = commands.find(({ path }) => path.every((word, index) => rest[index] === word));
  if (called === undefined) return rest;
  const words = called.path.length;
  return [...rest.slice(0, words), ...args.slice(0, end), ...rest.slice(words)];
}

/** How many arguments from the first on are options that every command takes, with their values. */
function globalsEnd(args: readonly string[]): number {
  let at = 0;
  for (;;) {
    const arg = args[at];
    if (arg === undefined) return at;
    const [name = ""] = arg.split("=");
    if (flags.has(arg)) at += 1;
    else if (withValue.has(arg)) at += 2;
    else if (withValue.has(name) && arg.includes("=")) at += 1;
    else return at;
  }
}
