/**
 * Standard Schema, version 1: what zod, valibot, arktype and others have in common (https://standardschema.dev).
 *
 * The specification asks libraries to copy these types rather than to depend on them. Types only: nothing here runs.
 */

/** A schema that takes `Input` and answers with `Output`. */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** What the specification lays down; everything else of a schema is its library's own. */
  readonly "~standard": StandardSchemaProps<Input, Output>;
}

/** The part of a schema that every library has. */
export interface StandardSchemaProps<Input = unknown, Output = Input> {
  /** Version of the specification. */
  readonly version: 1;
  /** Name of the library. */
  readonly vendor: string;
  /** Checks a value. A promise is allowed by the specification, and refused by Sluice. */
  readonly validate: (value: unknown) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>;
  /** For the type checker only. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
}

/** A value that fits, or what is wrong with it. */
export type StandardSchemaResult<Output> =
  | {
      /** The value, after defaults and transformations. */
      readonly value: Output;
      /** Absent: the value fits. */
      readonly issues?: undefined;
    }
  | {
      /** What is wrong; at least one entry. */
      readonly issues: readonly StandardSchemaIssue[];
    };

/** One thing that is wrong with a value. */
export interface StandardSchemaIssue {
  /** In the words of the schema's library. */
  readonly message: string;
  /** Where in the value: names and indexes, from the outside in. Absent or empty: the value itself. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
