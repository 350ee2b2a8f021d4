/**
 * The answer of a server without what Dome has sent to it: some servers show the headers of a request, or repeat a
 * credential in an error, and no agent gets a credential of Dome's.
 */
import { fromBase64, fromUtf8, utf8 } from "../../kernel/bytes.ts";
import { ok, type Result } from "../../kernel/result.ts";
import type { UpstreamResponse } from "../../egress/open.ts";
import { SecretMask } from "./secret-mask.ts";

/** A shorter secret is a word, and stands in texts by chance; in characters. */
const LEAST_SECRET = 8;

/**
 * @param sent the headers with Dome's credential, and the context of the call.
 * @returns the same answer. Its lengths hold; a body in an encoding is not looked at.
 */
export function masked<Fault>(
  opened: Result<UpstreamResponse, Fault>,
  sent: Headers,
): Result<UpstreamResponse, Fault> {
  const secrets = opened.ok ? secretsIn(sent) : [];
  if (!opened.ok || secrets.length === 0) return opened;
  const { status, headers: from, body } = opened.value;
  const headers = new Headers();
  for (const [name, value] of from) headers.append(name, maskedText(value, secrets));
  const isPlain = (headers.get("content-encoding") ?? "identity") === "identity";
  return ok({ status, headers, body: body === null || !isPlain ? body : maskedBody(body, secrets) });
}

/** Each as a server may repeat it: as it came, or in the escapes of JSON (RFC 8259 §7) or of a URI. */
function secretsIn(sent: Headers): readonly Uint8Array[] {
  const texts = [...sent].flatMap(([, value]) => {
    const [, scheme = "", token = value] = /^(Bearer|Basic) (.*)$/i.exec(value) ?? [];
    return scheme.toLowerCase() === "basic" ? [token, passwordOf(token)] : [token];
  });
  const written = texts
    .filter((text) => text.length >= LEAST_SECRET)
    .flatMap((text) => {
      const json = JSON.stringify(text).slice(1, -1);
      return [text, json, json.replaceAll("/", String.raw`\/`), encodeURIComponent(text)];
    });
  return [...new Set(written)].map(utf8);
}

/** RFC 7617 §2: what stands behind the first colon. */
function passwordOf(pair: string): string {
  try {
    return fromUtf8(fromBase64(pair)).replace(/^[^:]*:/, "");
  } catch {
    return "";
  }
}

function maskedText(text: string, secrets: readonly Uint8Array[]): string {
  const mask = new SecretMask(secrets);
  // A header has one byte for each character (Fetch standard, "isomorphic encode").
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  return [mask.next(bytes), mask.rest()]
    .map((part) => Array.from(part, (byte) => String.fromCharCode(byte)).join(""))
    .join("");
}

function maskedBody(
  body: ReadableStream<Uint8Array>,
  secrets: readonly Uint8Array[],
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const mask = new SecretMask(secrets);
  return new ReadableStream<Uint8Array>(
    {
      // Also while nobody reads: a stream that was cut ends now.
      start: (controller) => {
        reader.closed.catch((fault: unknown) => controller.error(fault));
      },
      pull: async (controller) => {
        for (;;) {
          const { done, value } = await reader.read();
          const passed = done ? mask.rest() : mask.next(value);
          if (passed.length > 0) controller.enqueue(passed);
          if (done) controller.close();
          if (done || passed.length > 0) return;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
