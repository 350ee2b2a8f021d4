/** Parts of a text, and the text without them. */

/** In UTF-16 code units; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What stands in place of everything that is redacted. */
export const REDACTED = "[redacted]";

/** @param spans in any order; they may overlap. What touches is masked once. */
export function masked(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  const pieces: string[] = [];
  let from = 0;
  for (const { start, end } of merged(spans)) {
    pieces.push(text.slice(from, start), REDACTED);
    from = end;
  }
  pieces.push(text.slice(from));
  return pieces.join("");
}

function merged(spans: readonly Span[]): readonly Span[] {
  const apart: { start: number; end: number }[] = [];
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    const last = apart.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else apart.push({ start, end });
  }
  return apart;
}
