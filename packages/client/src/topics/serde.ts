/** How keys and values become bytes, and bytes become them again. */

/** Where a key or value is from, or goes. */
export interface SerdeContext {
  /** Name of the topic. */
  readonly topic: string;
  /** Which of the two it is. */
  readonly part: "key" | "value";
}

/**
 * Encodes `Input` and decodes to `Type`, synchronously. Null is never given to a serde: it stays null.
 *
 * The two types are the same unless a schema changes what it reads.
 */
export interface Serde<Type, Input = Type> {
  /** @throws anything; the send fails with SCHEMA_MISMATCH */
  encode(value: Input, context: SerdeContext): Uint8Array;
  /** `bytes` is a view of what was fetched. @throws anything; becomes DECODE_FAILED */
  decode(bytes: Buffer, context: SerdeContext): Type;
}
