/**
 * A streaming parser of CSV as in RFC 4180.
 *
 *     file   = row *(end row) [end]          end   = LF / CRLF
 *     row    = field *("," field)            field = plain / quoted
 *     quoted = DQUOTE *(any / DQUOTE DQUOTE) DQUOTE
 *
 * A quoted field may hold commas, line ends and doubled quotes. A byte order mark at the start is dropped, and an empty line between rows is no
 * row. What RFC 4180 does not allow is refused with the number of its line: a quote inside a plain field, text after a
 * closing quote, an end of input inside quotes.
 */

import { InputError } from "../command-context.js";

type State =
  /** Before the first character of a field. */
  | "start"
  | "plain"
  | "quoted"
  /** After a quote inside a quoted field: its end, or the first of two. */
  | "quote";

/** Takes text in pieces and gives the rows that they complete. */
export class CsvParser {
  #state: State = "start";
  #field = "";
  #row: string[] = [];
  #line = 1;
  #isFirst = true;
  #sawCarriageReturn = false;

  /** Appends the rows that are complete with this text, also those before a mistake. @throws InputError */
  push(text: string, rows: string[][]): void {
    const from = this.#isFirst && text.startsWith("\ufeff") ? 1 : 0;
    if (text !== "") this.#isFirst = false;
    for (let i = from; i < text.length; i++) this.#take(text.charAt(i), rows);
  }

  /** Appends the row that had no line end. @throws InputError */
  end(rows: string[][]): void {
    if (this.#state === "quoted") throw this.#error("a quoted field is not closed");
    this.#endRow(rows);
  }

  #take(character: string, rows: string[][]): void {
    if (this.#sawCarriageReturn) {
      this.#sawCarriageReturn = false;
      if (character !== "\n") throw this.#error("a carriage return is not followed by a line feed");
    }
    if (character === "\n") this.#line++;
    if (this.#state === "quoted") {
      if (character === '"') this.#state = "quote";
      else this.#field += character;
      return;
    }
    switch (character) {
      case ",":
        this.#endField();
        return;
      case "\n":
        this.#endRow(rows);
        return;
      case "\r":
        this.#sawCarriageReturn = true;
        return;
      case '"':
        this.#takeQuote();
        return;
      default:
        if (this.#state === "quote") throw this.#error("text follows a closing quote");
        this.#state = "plain";
        this.#field += character;
    }
  }

  /** A quote outside of "quoted": it opens a field, is the second of two, or has no business here. */
  #takeQuote(): void {
    if (this.#state === "plain") throw this.#error("a quote stands inside a field that is not quoted");
    if (this.#state === "quote") this.#field += '"';
    this.#state = "quoted";
  }

  #endField(): void {
    this.#row.push(this.#field);
    this.#field = "";
    this.#state = "start";
  }

  #endRow(rows: string[][]): void {
    const isEmptyLine = this.#row.length === 0 && this.#state === "start";
    if (isEmptyLine) return;
    this.#endField();
    rows.push(this.#row);
    this.#row = [];
  }

  #error(reason: string): InputError {
    return new InputError(`Line ${this.#line} is not CSV: ${reason}.`, "RFC 4180 says how CSV is quoted.");
  }
}
