/**
 * SluiceError: every error that a user, an operator or another program can cause, with a code from the catalogue.
 *
 * The text is made from the catalogue alone, so that one code always reads the same. Recognised by a brand, not by
 * `instanceof`: two copies of a package in one program must not make errors strangers.
 */

import { type DetailName, type ErrorCode, errorCatalogue, type GrpcStatusName } from "./error-catalogue.js";

const brand = Symbol.for("sluice.error");

/** What an error is about, by name. */
export type ErrorDetails = Readonly<Record<string, string | number>>;

export class SluiceError<Code extends ErrorCode = ErrorCode> extends Error {
  /** Always `SluiceError`. */
  override readonly name = "SluiceError";
  /** Name of what went wrong: docs/errors.md lists them. */
  readonly code: Code;
  /** The code's permanent number. */
  readonly number: number;
  /** The same request may succeed later without anybody changing anything. */
  readonly retriable: boolean;
  /** gRPC status where the error ends a call. */
  readonly status: GrpcStatusName;
  /** What to do next. */
  readonly hint: string;
  /** What message and hint were made from. */
  readonly details: ErrorDetails;

  /** `details` has what the message and the hint of the code name. */
  constructor(code: Code, details: Readonly<Record<DetailName<Code>, string | number>>, options?: ErrorOptions) {
    const definition = errorCatalogue[code];
    super(fill(definition.message, details), options);
    this.code = code;
    this.number = definition.number;
    this.retriable = definition.retriable;
    this.status = definition.status;
    this.hint = fill(definition.hint, details);
    this.details = details;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** True for a SluiceError, of any copy of this package, and of that code where one is given. */
export function isSluiceError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: Code,
): error is SluiceError<Code> {
  if (typeof error !== "object" || error === null || !(brand in error)) return false;
  return code === undefined || (error as { code?: unknown }).code === code;
}

/** The error itself where it is a SluiceError, else INTERNAL with it as the cause. */
export function toSluiceError(error: unknown): SluiceError {
  if (isSluiceError(error)) return error;
  return new SluiceError(
    "INTERNAL",
    { reason: error instanceof Error ? error.message : String(error) },
    { cause: error },
  );
}

/** The code that a number stands for, or undefined where a newer peer sent one that is not known here. */
export function errorCodeOfNumber(number: number): ErrorCode | undefined {
  return codeByNumber.get(number);
}

const codeByNumber = new Map<number, ErrorCode>(
  Object.entries(errorCatalogue).map(([code, definition]) => [definition.number, code as ErrorCode]),
);

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(details, name) ? details[name] : undefined;
    return value === undefined ? whole : String(value);
  });
}
