/** Parses request bodies at the door: type, size, JSON, schema, in this order, each with its own refusal. */
import type { z } from "zod";
import { schemaWords } from "../contract/schema-words.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { JSON_FAULTS, parseJsonBytes, pointerOf, type JsonFault } from "../kernel/strict-json.ts";
import type { Refusal } from "../operations/answer/refusal.ts";

/** The largest body of any route, in bytes; tiers may allow less. */
export const MAX_BODY_BYTES = 1_048_576;

/** The media type without its parameters, in lower case; null when there is not exactly one. */
export function mediaType(header: string | null): string | null {
  const match = /^\s*([\w.+-]+\/[\w.+-]+)\s*(?:;[^,]*)?$/.exec(header ?? "");
  return match?.[1]?.toLowerCase() ?? null;
}

/** Refuses a compressed body, because it could expand to a thousand times the size that was sent (RFC 9110 §8.4). */
export function checkEncoding(request: Request): Result<void, Refusal> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return ok(undefined);
  return err({
    code: "unsupported_media_type",
    detail: "The body is compressed. Send it uncompressed, without Content-Encoding.",
  });
}

/**
 * Reads at most `most` bytes, regardless of the headers.
 * @param most in bytes.
 */
export async function readBytes(
  request: Request,
  most: number,
): Promise<Result<Uint8Array<ArrayBuffer>, Refusal>> {
  const tooLarge = err<Refusal>({
    code: "body_too_large",
    detail: `The body is larger than ${most} bytes.`,
  });
  if (Number(request.headers.get("content-length") ?? 0) > most) return tooLarge;
  if (request.body === null) return ok(new Uint8Array());
  if (request.headers.has("content-length")) {
    // HTTP ends a body at its Content-Length, which is small enough here. Reading chunk by chunk takes several times as
    // long.
    const whole = new Uint8Array(await request.arrayBuffer());
    return whole.length > most ? tooLarge : ok(whole);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    size += chunk.length;
    if (size > most) return tooLarge;
    chunks.push(chunk);
  }
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return ok(new Uint8Array(only));
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return ok(whole);
}

interface ParsedBody<T> {
  readonly value: T;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A JSON body. An empty body counts as `{}` where the schema accepts that. */
export async function readJson<S extends z.ZodType>(
  request: Request,
  schema: S,
  most: number = MAX_BODY_BYTES,
): Promise<Result<ParsedBody<z.output<S>>, Refusal>> {
  const encoded = checkEncoding(request);
  if (!encoded.ok) return encoded;
  const read = await readBytes(request, most);
  if (!read.ok) return read;
  const bytes = read.value;
  const isJson = mediaType(request.headers.get("content-type")) === "application/json";
  if (bytes.length > 0 && !isJson) {
    return err({
      code: "unsupported_media_type",
      detail: "Send the body as Content-Type: application/json.",
    });
  }
  const json = bytes.length === 0 ? ok<unknown>({}) : parsedBody(bytes);
  if (!json.ok) return json;
  const parsed = readMembers(schema, json.value, "body");
  return parsed.ok ? ok({ value: parsed.value, bytes }) : parsed;
}

/** A body as JSON that every parser reads alike, or the refusal of it. */
export function parsedBody(bytes: Uint8Array): Result<unknown, Refusal> {
  if (hasByteOrderMark(bytes)) return err(BYTE_ORDER_MARK);
  const json = parseJsonBytes(bytes);
  return json.ok ? json : err(jsonRefusal(json.error));
}

/** RFC 8259 §8.1: JSON in UTF-8 has no byte order mark, and one of UTF-16 means that the text is not UTF-8. */
const BYTE_ORDER_MARK: Refusal = {
  code: "malformed_json",
  detail: "The body begins with a byte order mark. Send JSON in UTF-8 without one.",
};

function hasByteOrderMark([first, second, third]: Uint8Array): boolean {
  if (first === 0xef) return second === 0xbb && third === 0xbf;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** The refusal, with the place as a JSON pointer (RFC 6901), as far as its names may be shown. */
function jsonRefusal({ kind, path }: JsonFault): Refusal {
  const code = kind === "malformed" || kind === "repeated_member" ? "malformed_json" : "invalid_request";
  return { code, detail: `The body${pointerOf({ path: shownSteps(path) })} ${JSON_FAULTS[kind]}.` };
}

/** Names that may be shown: shorter than any credential, so that a key in place of a name is not repeated (P4). */
const SHOWN = /^[\w./-]{1,40}$/;

/** The path of a member, as far as its names may be shown. */
const memberOf = (path: readonly PropertyKey[]): string => shownSteps(path).join(".");

function shownSteps(path: readonly PropertyKey[]): string[] {
  const names = path.map(String);
  const odd = names.findIndex((name) => !SHOWN.test(name));
  return names.slice(0, odd === -1 ? names.length : odd);
}

/**
 * The first repeated name in a query, as far as it may be shown. Anybody may send a query with many names, so each is
 * looked at once.
 */
export function repeatedName(names: Iterable<string>, seen: Set<string> = new Set()): string | undefined {
  for (const name of names) {
    if (seen.has(name)) return SHOWN.test(name) ? name : "a parameter";
    seen.add(name);
  }
  return undefined;
}

/** The most errors in one answer, so that its size does not depend on the request. */
const MOST_ERRORS = 20;

/** Parses the members of a request with the route's schema. */
export function readMembers<S extends z.ZodType>(
  schema: S,
  members: unknown,
  where: "body" | "query",
): Result<z.output<S>, Refusal> {
  const parsed = schema.safeParse(members, { error: schemaWords });
  return parsed.success ? ok(parsed.data) : err(schemaRefusal(parsed.error, where));
}

/** The refusal, with the faults by member and without any value. */
function schemaRefusal(error: z.ZodError, where: "body" | "query"): Refusal {
  const errors = error.issues.slice(0, MOST_ERRORS).flatMap((issue) => {
    // A repeated parameter is named without an index.
    const path = where === "query" ? issue.path.slice(0, 1) : issue.path;
    if (issue.code !== "unrecognized_keys") return [{ member: memberOf(path), detail: issue.message }];
    return issue.keys
      .slice(0, MOST_ERRORS)
      .map((key) =>
        SHOWN.test(key)
          ? { member: memberOf([...issue.path, key]), detail: "is not a member of this request" }
          : { member: memberOf(issue.path), detail: "has a member that this request does not have" },
      );
  });
  const [first] = errors;
  const subject =
    first === undefined || first.member === "" ? `The ${where}` : `${where} member ${first.member}`;
  return {
    code: "invalid_request",
    detail: `${subject}: ${first?.detail ?? "is not valid"}.`,
    errors: errors.slice(0, MOST_ERRORS),
  };
}
