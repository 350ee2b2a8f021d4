/**
 * The HTTP door: one list of routes, one entry, one try/catch. Each route words its refusals and faults in its own
 * dialect; a request without a route gets a problem, or what its client can read.
 */
import { Hono, type Context } from "hono";
import { defined } from "../kernel/defined.ts";
import { consoleLog } from "../kernel/log.ts";
import { err, ok } from "../kernel/result.ts";
import type { Refusal } from "../operations/answer/refusal.ts";
import { isUnavailable } from "../storage/client.ts";
import type { DoorDialect } from "./dialects/dialect.ts";
import { jsonrpcDialect } from "./dialects/jsonrpc.ts";
import { oauthDialect } from "./dialects/oauth.ts";
import { problemDialect } from "./dialects/problem.ts";
import { refusedId } from "./mcp/refused-id.ts";
import { isLogged, logRequest } from "./request-log.ts";
import { corsHeaders, preflight, readersOf, securityHeaders } from "./response-headers.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";
import type { AppEnv, Composed, Services } from "./services.ts";

/** The part of an execution context that this file uses. */
interface Background {
  waitUntil(work: Promise<unknown>): void;
}

/** Converts `{agent}` to Hono's `:agent`. */
const honoPath = ({ path, forwards }: Pick<Route, "path" | "forwards">): string =>
  (forwards === true ? path.replace(/\{\w+\}$/, "*") : path).replaceAll(/\{(\w+)\}/g, ":$1");

/**
 * @param servicesFor composes the services of one request, in the composition root. When it rejects, every route
 * answers with a fault in its own dialect.
 * @param newRequestId works with any environment.
 */
export function createApp(
  servicesFor: (raw: object, background: Background) => Promise<Services>,
  newRequestId: () => string,
): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const readersAt = readersOf(routes);

  app.use(async (context, next) => {
    const requestId = newRequestId();
    context.set("requestId", requestId);
    const composed = await composition(() => servicesFor(context.env, context.executionCtx));
    context.set("composed", composed);
    const startedAt = composed.ok ? composed.value.clock.now() : 0;
    await next();
    const cors = composed.ok ? corsHeaders(composed.value, context.req.raw, readersAt) : {};
    const headers = {
      ...securityHeaders(composed.ok ? composed.value.issuer : ""),
      ...cors,
      "dome-request-id": requestId,
    };
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
    // Without services, only the fault is logged.
    if (composed.ok && isLogged(composed.value.logsOneIn, context.res.status, requestId))
      logRequest(
        composed.value,
        context.req.raw,
        requestId,
        context.get("actor"),
        context.res.status,
        startedAt,
      );
  });

  app.onError((fault, context) => {
    const dialect = context.get("dialect") ?? unknownAt(context.req.path).dialect;
    const about = aboutOf(context);
    const unavailable = isUnavailable(fault);
    consoleLog.write(unavailable ? "warn" : "error", unavailable ? "http.unavailable" : "http.fault", {
      request_id: about.requestId,
      fault: String(fault),
      ...defined({ stack: unavailable ? undefined : fault.stack }),
    });
    return dialect.fault(unavailable ? "unavailable" : "internal", about);
  });

  app.options("*", (context) => preflight(servicesOf(context), context.req.raw, readersAt));
  for (const route of routes) mount(app, route);
  refuseOtherMethods(app);
  app.notFound(async (context) => {
    const { path, raw } = context.req;
    const { dialect, refusal } = unknownAt(path);
    const composed = context.get("composed");
    const rpcId =
      dialect.name === "jsonrpc" && composed.ok ? await refusedId(composed.value.access, raw) : null;
    return dialect.decline(refusal, { ...aboutOf(context), rpcId });
  });
  return app;
}

const NO_ROUTE = {
  code: "not_found",
  detail: "The route does not exist. GET /api/v1/openapi.json lists the routes.",
} as const;
const NO_MCP_DOOR = {
  code: "not_found",
  detail: "There is no MCP door at this URL. The doors are /mcp and /mcp/TOOL, without a slash at the end.",
} as const;

/**
 * What is said of a wrong path. Below the OAuth endpoints and the MCP doors it comes from a client of theirs, which can
 * read nothing but their dialect.
 */
function unknownAt(path: string): { readonly dialect: DoorDialect; readonly refusal: Refusal } {
  if (path.startsWith("/mcp/")) return { dialect: jsonrpcDialect, refusal: NO_MCP_DOOR };
  const dialect = path.startsWith("/api/v1/auth/") ? oauthDialect : problemDialect;
  return { dialect, refusal: NO_ROUTE };
}

const aboutOf = (context: Context<AppEnv>) => ({ requestId: context.get("requestId"), challenge: "" });

async function composition(compose: () => Promise<Services>): Promise<Composed> {
  try {
    return ok(await compose());
  } catch (fault) {
    return err(fault instanceof Error ? fault : new Error(String(fault)));
  }
}

/** @throws the fault of the composition, so that the matched route answers it. */
function servicesOf(context: Context<AppEnv>): Services {
  const composed = context.get("composed");
  if (composed.ok) return composed.value;
  throw composed.error;
}

function mount(app: Hono<AppEnv>, route: Route): void {
  app.on(route.method.toUpperCase(), honoPath(route), (context) => {
    context.set("dialect", route.dialect);
    return route.answer({
      services: servicesOf(context),
      http: context.req.raw,
      requestId: context.get("requestId"),
      pathParams: context.req.param(),
      recognised: (actor) => context.set("actor", actor),
    });
  });
}

/** A known path with another method: 405 with `Allow` (RFC 9110 §15.5.6), not 404. */
function refuseOtherMethods(app: Hono<AppEnv>): void {
  const methods = Map.groupBy(routes, (route) => route.path);
  for (const [path, known] of methods) {
    const forwards = known[0]?.forwards;
    const allow = known.map((route) => route.method.toUpperCase()).join(", ");
    const dialect = known[0]?.dialect ?? problemDialect;
    app.all(honoPath({ path, ...defined({ forwards }) }), (context) =>
      dialect.methodNotAllowed(allow, aboutOf(context)),
    );
  }
}
