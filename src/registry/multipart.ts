/**
 * The parts of a `multipart/form-data` body (RFC 7578), by what is decided on: name, type, size, and the text of a part
 * that is no file. Only one spelling is read, the one that clients write: parsers differ about every other one, so the
 * server could find other parts than were decided on. The work is linear in the size of the body.
 */
import { fromUtf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";

interface Part {
  readonly name: string;
  /** The media type in lower case, without parameters. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  readonly filename: string | null;
  /** Null: of a file, or longer than a text that is decided on, or not UTF-8. */
  readonly text: string | null;
}

type MultipartFault = "boundary" | "delimiter" | "partHeaders" | "tooManyParts";

const MOST_PARTS = 100;
const MOST_HEADER_BYTES = 4_096;
const MOST_TEXT_BYTES = 65_536;

/** RFC 2046 §5.1.1, without the space. */
const BOUNDARY = /;\s*boundary=(?:"([\w'()+,./:=?-]{1,70})"|([\w'+.-]{1,70}))\s*(?:;|$)/i;

export function partsOf(bytes: Uint8Array, contentType: string): Result<readonly Part[], MultipartFault> {
  const found = BOUNDARY.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined || contentType.toLowerCase().split("boundary").length !== 2)
    return err("boundary");
  const text = latin1Of(bytes);
  const delimiter = `--${boundary}`;
  // What stands before the first delimiter is ignored by some parsers, and a part for others.
  if (!text.startsWith(delimiter)) return err("delimiter");
  const parts: Part[] = [];
  let at = delimiter.length;
  for (;;) {
    if (text.startsWith("--", at)) {
      const rest = text.slice(at + 2);
      return rest === "" || rest === "\r\n" ? ok(parts) : err("delimiter");
    }
    if (!text.startsWith("\r\n", at)) return err("delimiter");
    if (parts.length === MOST_PARTS) return err("tooManyParts");
    const next = text.indexOf(delimiter, at);
    // The delimiter stands at the beginning of a line, wherever it stands.
    if (next < 0 || text.slice(next - 2, next) !== "\r\n" || next - 2 < at + 2) return err("delimiter");
    const part = partOf(text.slice(at + 2, next - 2));
    if (part === null) return err("partHeaders");
    parts.push(part);
    at = next + delimiter.length;
  }
}

const TYPE = /^content-type: *([\w.+-]+\/[\w.+-]+)(?: *; *charset="?utf-8"?)?$/i;
const DISPOSITION =
  /^content-disposition: *form-data; *name="([^"\\\r\n]*)"(?:; *filename="([^"\\\r\n]*)")?$/i;

function partOf(text: string): Part | null {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0 || end > MOST_HEADER_BYTES) return null;
  let named: RegExpExecArray | null = null;
  let typed: RegExpExecArray | null = null;
  for (const line of text.slice(0, end).split("\r\n")) {
    const [disposition, type] = [DISPOSITION.exec(line), TYPE.exec(line)];
    // A header that is there twice, any other one (Content-Transfer-Encoding, RFC 7578 §4.7), or text in another charset.
    if ((disposition === null || named !== null) && (type === null || typed !== null)) return null;
    named ??= disposition;
    typed ??= type;
  }
  const [name, filename] = [utf8Of(named?.[1]), utf8Of(named?.[2])];
  if (named === null || name === null || (named[2] !== undefined && filename === null)) return null;
  const size = text.length - end - 4;
  const type = typed?.[1]?.toLowerCase() ?? "text/plain";
  const isShort = filename === null && size <= MOST_TEXT_BYTES;
  return { name, type, size, filename, text: isShort ? utf8Of(text.slice(end + 4)) : null };
}

/** @returns null for what is not there, or not UTF-8. */
function utf8Of(latin1: string | undefined): string | null {
  if (latin1 === undefined) return null;
  try {
    return fromUtf8(Uint8Array.from(latin1, (char) => char.charCodeAt(0)));
  } catch {
    return null; // a TypeError: the bytes are not UTF-8
  }
}

/** As many bytes at once as a call may have arguments. */
const CHUNK = 8_192;

/** One character for each byte, so that places in the text are places in the body. */
function latin1Of(bytes: Uint8Array): string {
  const chunks: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    chunks.push(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  }
  return chunks.join("");
}
