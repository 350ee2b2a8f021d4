/**
 * Headers through the HTTP door, by lists of what passes: what is not named stays outside, in both directions. So no
 * credential of the caller reaches the server (P10), and nothing of the server's takes effect on Dome's own origin.
 */

const UP: readonly string[] = [
  "accept accept-language cache-control content-language content-type idempotency-key if-match if-modified-since",
  "if-none-match if-range if-unmodified-since prefer range traceparent tracestate user-agent",
].flatMap((line) => line.split(" "));

const DOWN: readonly string[] = [
  "accept-ranges age allow cache-control content-disposition content-encoding content-language content-range content-type",
  "deprecation etag expires last-modified link preference-applied retry-after sunset vary",
  "ratelimit ratelimit-policy x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset",
].flatMap((line) => line.split(" "));

/** RFC 9110 §7.6.3: a second Dome on the way sees that the call has come through one. */
const VIA = "1.1 dome";

/**
 * @param more names that the tool's entry adds.
 * @param credential of Dome: no header of the caller stands in its place.
 */
export function upstreamHeaders(from: Headers, more: readonly string[], credential: Headers): Headers {
  const sent = only(from, [...UP, ...more]);
  sent.set("via", VIA);
  for (const [name, value] of credential) sent.set(name, value);
  return sent;
}

export function answerHeaders(from: Headers, more: readonly string[]): Headers {
  const kept = only(from, [...DOWN, ...more]);
  // The answer to a call with a credential is for its caller alone (RFC 9111 §3.5), unless the server says more.
  if (!kept.has("cache-control")) kept.set("cache-control", "no-store");
  // A page of the server would otherwise run as a page of Dome.
  kept.set("content-security-policy", "sandbox; default-src 'none'");
  return kept;
}

function only(from: Headers, names: readonly string[]): Headers {
  const kept = new Headers();
  for (const name of names) {
    const value = from.get(name);
    if (value !== null) kept.set(name, value);
  }
  return kept;
}
