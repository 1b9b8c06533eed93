/**
 * Splits a stream of bytes into lines, without copying where a line lies in one chunk.
 *
 * A line ends with a line feed, which is not part of it; a carriage return is, because the bytes of a line are the value of a record.
 * A last line without a line feed counts; nothing after the last line feed does not.
 */

import { InputError } from "../command-context.js";

const lineFeed = 0x0a;

/**
 * Yields the lines that each chunk completes, so that a caller can send what is there before it waits for more.
 * @throws InputError where a line is longer than `lineBytesMax`.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  lineBytesMax: number,
): AsyncGenerator<Buffer[]> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let lineCount = 0;
  for await (const chunk of chunks) {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      const part = chunk.subarray(start, end);
      if (restBytes + part.length > lineBytesMax) {
        if (lines.length > 0) yield lines;
        throw tooLong(lineBytesMax, lineCount + lines.length + 1);
      }
      lines.push(rest.length === 0 ? part : Buffer.concat([...rest, part]));
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      rest.push(chunk.subarray(start));
      restBytes += chunk.length - start;
    }
    lineCount += lines.length;
    if (lines.length > 0) yield lines;
    if (restBytes > lineBytesMax) throw tooLong(lineBytesMax, lineCount + 1);
  }
  if (rest.length > 0) yield [Buffer.concat(rest)];
}

function tooLong(lineBytesMax: number, lineNumber: number): InputError {
  return new InputError(
    `Line ${lineNumber} is longer than ${lineBytesMax} bytes.`,
    "A line is one record: split the input into lines that a record can hold.",
  );
}
