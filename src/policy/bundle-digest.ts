/** The content address of a bundle's text: the same policies have the same, however an editor ends lines. */
import { toHex, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";

/** A string, which may run over several lines; one without an end runs to the end of the text. A comment. A line end. */
const PIECE = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"?|\/\/[^\n\r]*|\n/g;

/**
 * The text as it is kept: lines end with a line feed, without space before it, and the text with one. What stands in a string
 * is left as it is, because a policy means it.
 */
export function canonicalText(text: string): string {
  const lines: string[] = [];
  let line = "";
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  for (const { 0: piece, index } of text.matchAll(PIECE)) {
    line += text.slice(at, index);
    at = index + piece.length;
    if (piece !== "\n") line += piece;
    else {
      lines.push(line.trimEnd());
      line = "";
    }
  }
  return `${[...lines, line + text.slice(at)].join("\n").trimEnd()}\n`;
}

/** `sha256:` and 64 hexadecimal digits. */
export const bundleDigest = (text: string): string =>
  `sha256:${toHex(sha256Sync(utf8(canonicalText(text))))}`;
