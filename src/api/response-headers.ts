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

type Readers = "everyone" | "agents" | "nobody";

/** True where a path is one of a template: `{tool}` stands for one segment. */
function isAt(template: string, path: string): boolean {
  const [wanted, found] = [template.split("/"), path.split("/")];
  return (
    wanted.length === found.length && wanted.every((each, at) => each === found[at] || each.startsWith("{"))
  );
}

const readersOf = (routes: readonly Route[], path: string): Readers => {
  if (routes.some((route) => route.readers === "everyone" && isAt(route.path, path))) return "everyone";
  const here = routes.filter((route) => route.path === path);
  return here.some(({ door }) => door.by === "agent") ? "agents" : "nobody";
};

/** The origin that may read the answer: `*` for any; null for none. */
function allowedOrigin(services: Services, request: Request, readers: Readers): string | null {
  if (readers === "everyone") return "*";
  const origin = request.headers.get("origin");
  return readers === "agents" && origin !== null && services.corsOrigins.includes(origin) ? origin : null;
}

export function corsHeaders(
  services: Services,
  request: Request,
  routes: readonly Route[],
): Record<string, string> {
  const readers = readersOf(routes, new URL(request.url).pathname);
  const origin = allowedOrigin(services, request, readers);
  return defined({
    // Set even without an origin: a cache must not give one page the answer that was made for another.
    vary: readers === "agents" && services.corsOrigins.length > 0 ? "origin" : undefined,
    "access-control-allow-origin": origin ?? undefined,
    "access-control-expose-headers": origin === null || request.method === "OPTIONS" ? undefined : READ,
  });
}

/** The answer to a preflight request. Without an allowed origin it allows nothing. */
export function preflight(services: Services, request: Request, routes: readonly Route[]): Response {
  const readers = readersOf(routes, new URL(request.url).pathname);
  const allowed = allowedOrigin(services, request, readers) !== null;
  const asked =
    readers === "everyone" ? { methods: "GET", headers: "*" } : { methods: "GET, POST", headers: SENT };
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
