/**
 * The answer of an HTTP tool that redacts: read whole, up to a bound, and redacted before anything of it is passed on.
 * JSON is redacted by path and by pattern, plain text by pattern. What Dome does not read (another type, another charset,
 * an encoding, a part of a whole, a stream of events) is refused, or passes where the entry says so; what claims to be
 * JSON, and is not, is always refused.
 */
import { readAll } from "../../egress/chunks.ts";
import { dropWhatSpeaksOfTheBytes, isPlain } from "../../egress/headers.ts";
import { redirects, type UpstreamResponse } from "../../egress/open.ts";
import { fromUtf8, utf8 } from "../../kernel/bytes.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { Redactor } from "../../registry/redaction/redactor.ts";
import type { RedactionRules } from "../../registry/redaction/rules.ts";
import { reasonWithin } from "../early-end.ts";
import type { NoAnswer } from "../who-failed.ts";

/** The largest answer that is redacted, in bytes; a tier may allow less. */
export const MOST_REDACTED_BYTES = 8_388_608;

/** With these a server would answer with a part, whose beginning and end nobody has looked at (RFC 9110 §14). */
export const PARTIAL: readonly string[] = ["range", "if-range"];

/** Dome's own, or what says how the body is read. */
const KEPT_HEADERS: ReadonlySet<string> = new Set([
  "cache-control",
  "content-security-policy",
  "content-type",
]);

type Form = "json" | "text" | "unread";

/** Texts without an escape of their own: in markup, and in forms, a character has other spellings. */
const PLAIN: ReadonlySet<string> = new Set([
  "text/plain",
  "text/csv",
  "text/markdown",
  "text/tab-separated-values",
]);

function formOf({ status, headers }: UpstreamResponse, { paths }: RedactionRules): Form {
  const said = headers.get("content-type") ?? "";
  const [type = ""] = said.toLowerCase().split(";");
  const charset = /;\s*charset\s*=\s*"?([^";\s,]*)/i.exec(said)?.[1]?.toLowerCase() ?? "utf-8";
  const isWhole = status !== 206 && !headers.has("content-range");
  if (!isWhole || !isPlain(headers) || !["utf-8", "utf8", "us-ascii"].includes(charset)) return "unread";
  if (/^application\/(?:json|[\w.+-]+\+json)$/.test(type.trim())) return "json";
  return PLAIN.has(type.trim()) && paths.isEmpty ? "text" : "unread";
}

interface Redacted {
  /** Null: the answer has no body, or one that passes as it is. */
  readonly body: Uint8Array<ArrayBuffer> | null;
  readonly passes: boolean;
  /** As it came from the server, in bytes. */
  readonly received: number;
  /** How many values were redacted, also in headers. */
  readonly count: number;
}

/**
 * @param kept the headers that pass; the values in them are redacted by pattern. A digest stays only beside a body that is
 *   known to be the server's own: with any other one, whoever knows the rest finds by trial what was redacted.
 * @param most the largest body, in bytes.
 */
export async function redactAnswer(
  answer: UpstreamResponse,
  rules: RedactionRules,
  { kept, most, signal }: { readonly kept: Headers; readonly most: number; readonly signal: AbortSignal },
): Promise<Result<Redacted, NoAnswer>> {
  const redactor = new Redactor(rules);
  redactHeaders(kept, redactor);
  const redacted = await redactedAnswer(answer, redactor, { most, signal });
  if (!redacted.ok) return redacted;
  if (redactor.isSpent) return err("answer_not_redactable");
  const { isUnchanged, ...body } = redacted.value;
  if (!isUnchanged) dropWhatSpeaksOfTheBytes(kept);
  return ok({ ...body, count: redactor.count });
}

type RedactedBody = Omit<Redacted, "count"> & { readonly isUnchanged: boolean };

async function redactedAnswer(
  answer: UpstreamResponse,
  redactor: Redactor,
  { most, signal }: { readonly most: number; readonly signal: AbortSignal },
): Promise<Result<RedactedBody, NoAnswer>> {
  const empty = { body: null, passes: false, received: 0, isUnchanged: false };
  if (answer.body === null) return ok(empty);
  // What stands beside a redirection is a note for people who do not follow it (RFC 9110 §15.4).
  if (redirects(answer.status)) {
    await answer.body.cancel().catch(() => undefined);
    return ok(empty);
  }
  const { rules } = redactor;
  const form = formOf(answer, rules);
  if (form === "unread") {
    if (rules.passesUnreadable) return ok({ ...empty, passes: true, isUnchanged: true });
    // An answer without a body needs no type.
    const isThere = await hasAny(answer.body);
    return isThere ? err("answer_not_redactable") : ok(empty);
  }
  const read = await readAll(answer.body, Math.min(most, MOST_REDACTED_BYTES));
  if (!read.ok) return err(reasonWithin(read.error, signal));
  const received = read.value.length;
  if (received === 0) return ok(empty);
  const text = textOf(read.value);
  const redacted = text === null ? null : redactedBody(text, form, redactor);
  if (redacted === null) return err("answer_not_redactable");
  const isUnchanged = redacted === text;
  return ok({ body: isUnchanged ? read.value : utf8(redacted), passes: false, received, isUnchanged });
}

function redactHeaders(headers: Headers, redactor: Redactor): void {
  for (const [name, value] of Array.from(headers)) {
    if (KEPT_HEADERS.has(name)) continue;
    const after = redactor.words(value);
    if (after !== value) headers.set(name, after);
  }
}

function redactedBody(text: string, form: "json" | "text", redactor: Redactor): string | null {
  if (form === "text") return redactor.text(text);
  // RFC 8259 §8.1: a parser may ignore it.
  const mark = text.startsWith("\ufeff") ? "\ufeff" : "";
  const redacted = redactor.json(text.slice(mark.length));
  return redacted === null ? null : mark + redacted;
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return fromUtf8(bytes);
  } catch {
    return null; // a TypeError: the bytes are not UTF-8
  }
}

async function hasAny(body: ReadableStream<Uint8Array>): Promise<boolean> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done: atEnd, value } = await reader.read();
      if (atEnd) return false;
      if (value.length > 0) return true;
    }
  } catch {
    return true; // whatever it was, nobody has seen its end
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
