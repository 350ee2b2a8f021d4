/**
 * Headers of every answer, and CORS (Fetch standard, "HTTP CORS protocol"). Pages of any origin may read public
 * documents; pages of the configured origins may use doors for call tokens. No page may use an operator token.
 */
import { defined } from "../kernel/defined.ts";
import type { Route } from "./route.ts";
import type { Services } from "./services.ts";

export function securityHeaders(issuer: string): Record<string, string> {
  return defined({
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "strict-transport-security": issuer.startsWith("https:")
      ? "max-age=31536000; includeSubDomains"
      : undefined,
  });
}

/** Headers that a page may send to a door for call tokens. */
const SENT = "authorization, content-type, dome-act-as, traceparent";
/**
 * Headers that a page may read in addition to those that every page may read: why a request was refused, and when to
 * retry.
 */
const READ = "dome-request-id, retry-after, www-authenticate";

/** Beside those, at the MCP doors (2026-07-28 and 2025-11-25, "Streamable HTTP"). */
const SENT_TO_MCP =
  "accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, last-event-id, tracestate";
const READ_OF_MCP = "mcp-session-id, mcp-protocol-version";
/** A header that repeats an argument: the page that asks for it knows its name. */
const OF_AN_ARGUMENT = /^mcp-param-[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/;

const isMcp = (request: Request): boolean => /^\/mcp(?:\/|$)/.test(new URL(request.url).pathname);

/** @param asked the value of `Access-Control-Request-Headers`. */
function sentToMcp(asked: string | null): string {
  const names = (asked ?? "").split(",").map((name) => name.trim().toLowerCase());
  return [SENT, SENT_TO_MCP, ...names.filter((name) => OF_AN_ARGUMENT.test(name))].join(", ");
}

type Readers = "everyone" | "agents" | "nobody";

/** Who may read the answers at a path. */
type ReadersAt = (path: string) => Readers;

/** Prepared once for all routes, because every answer asks. `{tool}` in a template stands for one segment. */
export function readersOf(routes: readonly Route[]): ReadersAt {
  const templates = routes.map(({ path, readers, door }) => ({
    segments: path.split("/").map((each) => (each.startsWith("{") ? null : each)),
    readers: readers === "everyone" ? readers : door.by === "agent" ? "agents" : "nobody",
  }));
  const byLength = Map.groupBy(templates, ({ segments }) => segments.length);
  return (path) => {
    const found = path.split("/");
    let most: Readers = "nobody";
    for (const { segments, readers } of byLength.get(found.length) ?? []) {
      if (readers === "nobody" || !segments.every((each, at) => each === null || each === found[at]))
        continue;
      if (readers === "everyone") return readers;
      most = "agents";
    }
    return most;
  };
}

/** The origin that may read the answer: `*` for any; null for none. */
function allowedOrigin(services: Services, request: Request, readers: Readers): string | null {
  if (readers === "everyone") return "*";
  const origin = request.headers.get("origin");
  return readers === "agents" && origin !== null && services.corsOrigins.includes(origin) ? origin : null;
}

export function corsHeaders(
  services: Services,
  request: Request,
  readersAt: ReadersAt,
): Record<string, string> {
  const readers = readersAt(new URL(request.url).pathname);
  const origin = allowedOrigin(services, request, readers);
  return defined({
    // Set even without an origin: a cache must not give one page the answer that was made for another.
    vary: readers === "agents" && services.corsOrigins.length > 0 ? "origin" : undefined,
    "access-control-allow-origin": origin ?? undefined,
    "access-control-expose-headers":
      origin === null || request.method === "OPTIONS"
        ? undefined
        : isMcp(request)
          ? `${READ}, ${READ_OF_MCP}`
          : READ,
  });
}

/** The answer to a preflight request. Without an allowed origin it allows nothing. */
export function preflight(services: Services, request: Request, readersAt: ReadersAt): Response {
  const readers = readersAt(new URL(request.url).pathname);
  const allowed = allowedOrigin(services, request, readers) !== null;
  const asked =
    readers === "everyone"
      ? { methods: "GET", headers: "*" }
      : isMcp(request)
        ? {
            methods: "GET, POST, DELETE",
            headers: sentToMcp(request.headers.get("access-control-request-headers")),
          }
        : { methods: "GET, POST", headers: SENT };
  return new Response(null, {
    status: 204,
    headers: allowed
      ? {
          "access-control-allow-methods": asked.methods,
          "access-control-allow-headers": asked.headers,
          "access-control-max-age": "600",
        }
      : {},
  });
}
