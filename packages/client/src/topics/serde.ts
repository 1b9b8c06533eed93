/** How keys and values become bytes, and bytes become them again. */

/** Where a key or value is from, or goes. */
export interface SerdeContext {
  readonly topic: string;
  readonly part: "key" | "value";
}

/** Null is never given to a serde: it stays null. */
export interface Serde<Type> {
  /** @throws anything; the send fails with SCHEMA_MISMATCH */
  encode(value: Type, context: SerdeContext): Uint8Array;
  /** `bytes` is a view of what was fetched. @throws anything; becomes DECODE_FAILED */
  decode(bytes: Buffer, context: SerdeContext): Type;
}
