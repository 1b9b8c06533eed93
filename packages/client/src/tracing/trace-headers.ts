/**
 * W3C Trace Context in the headers of a record: `traceparent: 00-<trace id>-<span id>-<flags>`, and `tracestate` as it came.
 *
 * What is not valid is not there: a broken header of somebody else must not break a consumer.
 */

/** What a trace is known by. */
export interface TraceParent {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all zero. */
  readonly spanId: string;
  /** Bit 0: sampled. */
  readonly traceFlags: number;
}

export function formatTraceParent(parent: TraceParent): string {
  return `00-${parent.traceId}-${parent.spanId}-${(parent.traceFlags & 0xff).toString(16).padStart(2, "0")}`;
}

/** Undefined: not valid. A version above 00 is read as far as 00 goes, as the specification asks. */
export function parseTraceParent(text: string): TraceParent | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", rest] = match;
  const isVersionValid = version !== "ff" && !(version === "00" && rest !== undefined);
  if (!isVersionValid || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}
