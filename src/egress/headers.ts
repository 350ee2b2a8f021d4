/**
 * Headers that belong to one connection and end with it (RFC 9110 §7.6.1), and those that only the client library may
 * write. Everything else goes on as it is.
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

/** The words of a front end: nobody behind Dome shall take them for its. */
const OF_A_FRONT_END = /^(?:cf|mf)-/i;

/** Encodings that the runtime undoes without saying so: name and length of the body are no longer those of the headers. */
const DECODED = /^(?:gzip|x-gzip|br|deflate)$/i;

/** A copy without them, and without what `Connection` names besides. */
function endToEnd(headers: Headers): Headers {
  const named = (headers.get("connection") ?? "").split(",").map((name) => name.trim().toLowerCase());
  const kept = new Headers(headers);
  for (const name of headers.keys()) {
    if (OF_THE_CONNECTION.has(name) || named.includes(name) || OF_A_FRONT_END.test(name)) kept.delete(name);
  }
  return kept;
}

/** What is sent: the caller's own headers, asking for a body as it is. */
export function requestHeaders(headers: Headers): Headers {
  const sent = endToEnd(headers);
  sent.delete("content-length"); // the client library counts
  sent.set("accept-encoding", "identity"); // sizes are counted, and bodies read, as they came
  return sent;
}

/** What is handed on of an answer. */
export function responseHeaders(headers: Headers): Headers {
  const kept = endToEnd(headers);
  if (DECODED.test(headers.get("content-encoding") ?? "")) {
    kept.delete("content-encoding");
    kept.delete("content-length");
  }
  return kept;
}
