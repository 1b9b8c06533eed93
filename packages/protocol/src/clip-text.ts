/** At most 1,000 characters, and nothing that cannot be written as UTF-8: an error may quote what a client sent, however large. */
export function clipText(text: string): string {
  const clipped = text.length > 1000 ? `${text.slice(0, 999)}…` : text;
  return clipped.replace(/\p{Surrogate}/gu, "\uFFFD");
}
