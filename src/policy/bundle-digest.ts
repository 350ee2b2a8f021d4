/** The content address of a bundle's text: the same policies have the same, however an editor ends lines. */
import { toHex, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";

/** The text as it is kept: lines end with a line feed, without space before it, and the text with one. */
export const canonicalText = (text: string): string =>
  `${text
    .replace(/^\uFEFF/, "")
    .replaceAll(/[ \t\r]*\n/g, "\n")
    .trimEnd()}\n`;

/** `sha256:` and 64 hexadecimal digits. */
export const bundleDigest = (text: string): string =>
  `sha256:${toHex(sha256Sync(utf8(canonicalText(text))))}`;
