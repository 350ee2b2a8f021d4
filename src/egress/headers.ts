/**
 * Headers that belong to one connection and are not forwarded (RFC 9110 §7.6.1), and headers that only the HTTP client
 * may set. All other headers are forwarded unchanged.
 */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Headers that Cloudflare's front end sets: the other server must not take the caller's for genuine ones. */
const OF_A_FRONT_END = /^(?:cf|mf)-/i;

/**
 * Encodings that the runtime decodes silently: afterwards the headers for encoding and length no longer match the body.
 * These, in this spelling, and no others: whatever else a server names reaches the caller as it was sent, and says so.
 */
const DECODED: ReadonlySet<string | null> = new Set(["gzip", "br"]);

/** @param headers of an answer, as they came. */
export const isDecoded = (headers: Headers): boolean => DECODED.has(headers.get("content-encoding"));

/** Whether a body is in no encoding, or in the one that is none (RFC 9110 §8.4.1, §12.5.3). */
export const isPlain = (headers: Headers): boolean =>
  ["", "identity"].includes(headers.get("content-encoding")?.trim().toLowerCase() ?? "");

/**
 * What a server says of the very bytes of its body: a validator (RFC 9110 §8.8.3), and digests (RFC 9530, RFC 3230, RFC
 * 1864). Of a body that was changed they are wrong, and may tell what was taken out of it.
 */
const OF_THE_BYTES: readonly string[] = ["etag", "digest", "content-digest", "content-md5", "repr-digest"];

export const speakOfTheBytes = (headers: Headers): boolean => OF_THE_BYTES.some((name) => headers.has(name));

export function dropWhatSpeaksOfTheBytes(headers: Headers): void {
  for (const name of OF_THE_BYTES) headers.delete(name);
}

/** A copy without these headers and without those that `Connection` names. */
function endToEnd(headers: Headers): Headers {
  const named = (headers.get("connection") ?? "").split(",").map((name) => name.trim().toLowerCase());
  const kept = new Headers(headers);
  for (const name of headers.keys()) {
    if (OF_THE_CONNECTION.has(name) || named.includes(name) || OF_A_FRONT_END.test(name)) kept.delete(name);
  }
  return kept;
}

/** The headers to send: the caller's own, with a request for an unencoded body. */
export function requestHeaders(headers: Headers): Headers {
  const sent = endToEnd(headers);
  sent.delete("content-length"); // the HTTP client sets it
  sent.set("accept-encoding", "identity"); // so that sizes are counted, and bodies read, as they arrive
  return sent;
}

/** The headers of an answer that are passed to the caller. */
export function responseHeaders(headers: Headers): Headers {
  const kept = endToEnd(headers);
  if (isDecoded(headers)) {
    kept.delete("content-encoding");
    kept.delete("content-length");
  }
  return kept;
}
