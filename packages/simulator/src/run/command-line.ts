/** Options of the commands `sim` and `swarm`: `--name value`, whole numbers, and `--name a,b,c` for lists, of them or of names. */

export interface CommandLine {
  /** @throws Error where the value is no whole number from 0 on */
  number(name: string, otherwise: number): number;
  numbers(name: string): readonly number[];
  texts(name: string): readonly string[];
  has(name: string): boolean;
}

export function readCommandLine(args: readonly string[]): CommandLine {
  const textOf = (name: string): string | undefined => {
    const place = args.indexOf(`--${name}`);
    return place === -1 ? undefined : args[place + 1];
  };
  const texts = (name: string): readonly string[] => (textOf(name) ?? "").split(",").filter(Boolean);
  return {
    number: (name, otherwise) => {
      const text = textOf(name);
      return text === undefined ? otherwise : wholeNumber(name, text);
    },
    numbers: (name) => texts(name).map((text) => wholeNumber(name, text)),
    texts,
    has: (name) => args.includes(`--${name}`),
  };
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} takes a whole number, not '${text}'`);
  return Number(text);
}
