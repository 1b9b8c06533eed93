/** Makes text safe to print on a terminal: what is in a record must not move the cursor or change colours. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text with control characters and line ends as escapes. */
export function printable(text: string): string {
  return text.replace(controlCharacters, (character) => shortEscapes[character] ?? hexEscape(character));
}

function hexEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
