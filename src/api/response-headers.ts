/** Headers that every answer has, and CORS for browsers that hold a call token. */
import type { Route } from "./route.ts";
import type { Services } from "./services.ts";

export function securityHeaders(issuer: string): Record<string, string> {
  return {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    ...(issuer.startsWith("https:")
      ? { "strict-transport-security": "max-age=31536000; includeSubDomains" }
      : {}),
  };
}

/** Only where an agent's call token is what authenticates: an operator token has no business in a page. */
const forAgents = (routes: readonly Route[], path: string): boolean =>
  routes.some((route) => route.door.by === "agent" && route.path === path);

const allowedOrigin = (services: Services, request: Request, routes: readonly Route[]): string | null => {
  const origin = request.headers.get("origin");
  if (origin === null || !services.corsOrigins.includes(origin)) return null;
  return forAgents(routes, new URL(request.url).pathname) ? origin : null;
};

export function corsHeaders(
  services: Services,
  request: Request,
  routes: readonly Route[],
): Record<string, string> {
  const origin = allowedOrigin(services, request, routes);
  return origin === null ? {} : { "access-control-allow-origin": origin, vary: "origin" };
}

/** The answer to a preflight (Fetch standard, CORS protocol). Without an allowed origin it allows nothing. */
export function preflight(services: Services, request: Request, routes: readonly Route[]): Response {
  const origin = allowedOrigin(services, request, routes);
  return new Response(null, {
    status: 204,
    headers:
      origin === null
        ? {}
        : {
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": "authorization, content-type, dome-act-as",
            "access-control-max-age": "600",
          },
  });
}
