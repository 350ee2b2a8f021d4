/**
 * The door of the embedded server, whose socket has no front end of Cloudflare's before it. On the platform the edge
 * guarantees the host, `request.cf` and the headers that bear its name. Here a client wrote all of them, so this file
 * removes them: a header must choose neither the path that is served nor the address and country that are recorded.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Refusal } from "../operations/answer/refusal.ts";
import { problemResponse } from "./dialects/problem.ts";
import { securityHeaders } from "./response-headers.ts";

/** A host and perhaps a port (RFC 9110 §7.2), in the characters that names and addresses are made of. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::[0-9]{1,5})?$/i;

/** Escapes of characters that need none (RFC 3986 §2.3). The router matches decoded paths. */
const NEEDLESS = /%(?:2[de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|7e)/i;

/** Headers that only a front end may set: `cf-` for Cloudflare's edge, `mf-` for the runtime's development server. */
const VOUCHED = /^(?:cf|mf)-/i;

/**
 * Removes everything that only a front end may set.
 * @returns a refusal for an invalid host: `Host: a/b?` would put its own path before that of the request line (RFC 9112
 * §3.2 requires a 400). Also a refusal for a path that is not in normal form, such as `/a/../b`: a proxy that compares
 * paths would have compared another one.
 */
function embeddedRequest(request: Request): Result<Request, Refusal> {
  const host = request.headers.get("host") ?? "";
  const origin = `http://${host}`;
  // Two Host headers arrive as one, joined by a comma.
  if (!HOST.test(host) || !request.url.startsWith(origin)) return err(NO_HOST);
  const written = request.url.slice(origin.length);
  const target = written.startsWith("/") ? written : `/${written}`;
  const url = URL.parse(origin + target);
  if (url === null) return err(NO_HOST);
  if (url.pathname !== target.split(/[?#]/, 1)[0] || NEEDLESS.test(url.pathname)) return err(ANOTHER_PATH);
  const claims = [...request.headers.keys()].filter((name) => VOUCHED.test(name));
  const headers = claims.length === 0 ? request.headers : new Headers(request.headers);
  for (const name of claims) headers.delete(name);
  const { method, body, signal } = request;
  const bodiless = method === "GET" || method === "HEAD";
  // A new request, because a copy would keep `request.cf`, which is a client's JSON here, or cannot be parsed at all.
  return ok(
    new Request(origin + target, {
      method,
      headers,
      body: bodiless ? null : body,
      signal,
    }),
  );
}

/**
 * The `fetch` of the socket: the app behind `embeddedRequest`.
 * @param newRequestId for requests that never reach the app.
 */
export const embeddedDoor =
  <E, C>(app: Door<E, C>, newRequestId: () => string): Door<E, C> =>
  (http, raw, context) => {
    const request = embeddedRequest(http);
    return request.ok ? app(request.value, raw, context) : refuse(request.error, newRequestId());
  };

/** The answer on Miniflare's own port, which stays open on this machine. */
export const closedDoor = (requestId: string): Response => refuse(ELSEWHERE, requestId);

type Door<E, C> = (request: Request, raw: E, context: C) => Response | Promise<Response>;

const refuse = (refusal: Refusal, requestId: string): Response =>
  problemResponse(refusal, { requestId, headers: { ...securityHeaders(""), "dome-request-id": requestId } });

const NO_HOST: Refusal = {
  code: "invalid_request",
  detail: "The request must have exactly one Host header, with a host and an optional port.",
};

const ANOTHER_PATH: Refusal = {
  code: "invalid_request",
  detail:
    "The path must be in normal form: no . or .. segment, no backslash, and no escape of a letter, a digit or - . _ ~",
};

const ELSEWHERE: Refusal = {
  code: "not_found",
  detail: "The embedded server does not serve requests on this port. It printed its address when it started.",
};
