/**
 * The HTTP door: one list of routes, one way in, one try/catch. Each request is authenticated before anything it names
 * is looked up, and validated before it is handled (P11).
 */
import { Hono } from "hono";
import { z } from "zod";
import { authenticateAgent } from "../access/authenticate.ts";
import type { Caller } from "../access/caller.ts";
import { authenticateOperator, type Operator } from "../access/operator.ts";
import { consoleLog } from "../kernel/log.ts";
import { holdsCredential } from "../kernel/redact.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { traceparentOf } from "../kernel/trace.ts";
import { rolesWith, whyNot } from "../operators/permissions.ts";
import type { Refusal } from "../operations/refusal.ts";
import { isUnavailable } from "../storage/client.ts";
import { RESOURCE_METADATA_PATH } from "../tokens/metadata.ts";
import { readJson, repeatedName, schemaRefusal } from "./body.ts";
import { requestKeyOf } from "./idempotency-key.ts";
import { oauthRoutes, TOKEN_PATH } from "./oauth.ts";
import { oauthResponse, TOKEN_UNAVAILABLE } from "./oauth-problem.ts";
import { openApiDocument, UNGUARDED } from "./openapi.ts";
import { logRequest } from "./request-log.ts";
import {
  actAsProblem,
  drainingProblem,
  INVALID_TOKEN,
  problemResponse,
  UNAUTHENTICATED,
  UNAVAILABLE,
} from "./problem.ts";
import { noteRefusedAgent, noteRefusedOperator } from "./refused.ts";
import { requestFacts } from "./request-facts.ts";
import type { RouteInput, Route } from "./route.ts";
import { routes } from "./routes.ts";
import { corsHeaders, preflight, securityHeaders } from "./response-headers.ts";
import type { AppEnv, Services } from "./services.ts";

/** The part of an execution context that is used here. */
export interface Background {
  waitUntil(work: Promise<unknown>): void;
}

/** `{agent}` as Hono spells it: `:agent`. */
const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ":$1");

/** @param servicesFor composes what one request needs; the composition root's. */
export function createApp(
  servicesFor: (raw: object, background: Background) => Promise<Services>,
): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.use(async (context, next) => {
    const services = await servicesFor(context.env, context.executionCtx);
    context.set("services", services);
    context.set("requestId", services.ids.next("req"));
    const startedAt = services.clock.now();
    await next();
    const headers = {
      ...securityHeaders(services.issuer),
      ...corsHeaders(services, context.req.raw, routes),
      "dome-request-id": context.get("requestId"),
    };
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
    if (services.logsRequests)
      logRequest(
        services,
        context.req.raw,
        context.get("requestId"),
        context.get("actor"),
        context.res.status,
        startedAt,
      );
  });

  app.onError((fault, context) => {
    const requestId = context.get("requestId") ?? "";
    if (isUnavailable(fault)) {
      consoleLog.write("warn", "http.unavailable", { request_id: requestId, fault: String(fault) });
      if (context.req.path === TOKEN_PATH) return oauthResponse(TOKEN_UNAVAILABLE);
      return problemResponse(UNAVAILABLE, { requestId });
    }
    consoleLog.write("error", "http.fault", {
      request_id: requestId,
      fault: String(fault),
      stack: fault.stack,
    });
    return problemResponse(
      { code: "internal", detail: "Something broke inside. The request id finds it in the log." },
      { requestId },
    );
  });

  app.options("*", (context) => preflight(context.get("services"), context.req.raw, routes));
  for (const route of routes) {
    app.on(route.method.toUpperCase(), honoPath(route.path), (context) =>
      run(
        route,
        context.get("services"),
        context.req.raw,
        context.get("requestId"),
        context.req.param(),
        (actor) => context.set("actor", actor),
      ),
    );
  }
  oauthRoutes(app);
  app.get("/api/v1/openapi.json", (context) => context.json(openApiDocument(context.get("services").issuer)));
  refuseOtherMethods(app);
  app.notFound((context) =>
    problemResponse(
      { code: "not_found", detail: "There is no such route. GET /api/v1/openapi.json lists them all." },
      { requestId: context.get("requestId") },
    ),
  );
  return app;
}

/** Step by step: who, may they, is it well formed, do it. */
async function run(
  route: Route,
  services: Services,
  http: Request,
  requestId: string,
  pathParams: Readonly<Record<string, string>>,
  recognised: (actor: string) => void,
): Promise<Response> {
  const challenge = challengeOf(route, services.issuer);
  const party = await authenticate(route, services, http, requestId);
  if (!party.ok) return refuse(party.error, requestId, challenge);
  const { operator, caller } = party.value;
  if (operator !== null || caller !== null) recognised(caller?.agent ?? `operator:${operator?.token}`);
  const input = await parse(route, http, pathParams);
  if (!input.ok) return refuse(input.error, requestId, challenge);

  const facts = requestFacts(http);
  const key = await requestKeyOf(http, input.value.raw, party.value.operator);
  if (!key.ok) return refuse(key.error, requestId, challenge);
  const exchange: RouteInput & Record<string, unknown> = {
    services,
    http,
    requestId,
    facts,
    bytes: input.value.raw.length,
    params: input.value.params,
    query: input.value.query,
    body: input.value.body,
    ...party.value,
    asked:
      party.value.operator === null
        ? null
        : { operator: party.value.operator, id: requestId, key: key.value, facts },
  };
  const outcome = await route.handle(exchange as never);
  if (!outcome.ok) return refuse(outcome.error, requestId, challenge);
  const { status = route.answers[0]?.status ?? 200, body, headers, stream } = outcome.value;
  return new Response(stream ?? JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

function refuse(refusal: Refusal, requestId: string, challenge: string): Response {
  const { code } = refusal;
  if (code !== "unauthenticated" && code !== "invalid_token") return problemResponse(refusal, { requestId });
  // RFC 6750 §3.1: whoever sent nothing hears no error code.
  const error = code === "invalid_token" ? 'error="invalid_token"' : "";
  const parts = [error, challenge].filter((part) => part !== "").join(", ");
  return problemResponse(refusal, { requestId, headers: { "www-authenticate": `Bearer ${parts}`.trim() } });
}

/** RFC 9728 §5.1: where to ask for a call token, at the doors that take one. */
const challengeOf = ({ door }: Route, issuer: string): string =>
  door.by === "agent" || door.by === "either" ? `resource_metadata="${issuer}${RESOURCE_METADATA_PATH}"` : "";

interface Parties {
  readonly operator: Operator | null;
  readonly caller: Caller | null;
}

async function authenticate(
  route: Route,
  services: Services,
  http: Request,
  requestId: string,
): Promise<Result<Parties, Refusal>> {
  const { door } = route;
  const authorization = http.headers.get("authorization");
  if (door.by === "anyone") return ok({ operator: null, caller: null });
  const asOperator =
    door.by === "operator" || (door.by === "either" && /^Bearer +dome_ot_/i.test(authorization ?? ""));
  if (!asOperator) {
    const presented = {
      authorization,
      actAs: http.headers.get("dome-act-as"),
      traceparent: traceparentOf(http.headers),
    };
    const caller = await authenticateAgent(services.access, presented, services.issuer);
    if (caller.ok) return ok({ operator: null, caller: caller.value });
    noteRefusedAgent(services, caller.error, route.path, requestId);
    if (caller.error.kind === "missing") return err(UNAUTHENTICATED);
    if (caller.error.kind === "draining") return err(drainingProblem(caller.error.left_ms));
    if (caller.error.kind === "actas_refused") return err(actAsProblem(caller.error.why));
    return err(caller.error.kind === "no_lease" ? UNAVAILABLE : INVALID_TOKEN);
  }
  const operator = await authenticateOperator(services.operators, authorization);
  if (!operator.ok) {
    noteRefusedOperator(services, operator.error, route.path, requestId);
    return err(operator.error.kind === "missing" ? UNAUTHENTICATED : INVALID_TOKEN);
  }
  const { permission } = door;
  const why = permission === null ? null : whyNot(operator.value, permission);
  if (permission !== null && why !== null) {
    const { role } = operator.value;
    const roles = rolesWith(permission).join(", ");
    return err({
      code: "forbidden",
      detail:
        why === "role"
          ? `The role ${role} may not do this (${permission}). Roles that may: ${roles}.`
          : `The token is bound to workspaces, and this concerns the whole installation (${permission}). Use a token for all workspaces.`,
    });
  }
  return ok({ operator: operator.value, caller: null });
}

async function parse(
  route: Route,
  http: Request,
  pathParams: Readonly<Record<string, string>>,
): Promise<
  Result<{ params: unknown; query: unknown; body: unknown; raw: Uint8Array<ArrayBuffer> }, Refusal>
> {
  const params = route.params?.safeParse(pathParams);
  // A path that cannot name anything names nothing: the answer is that of something that does not exist.
  if (params?.success === false) {
    return err({ code: "not_found", detail: "There is no such thing, or it is not yours." });
  }
  const search = new URL(http.url).searchParams;
  const twice = repeatedName(search);
  if (twice !== undefined) return err({ code: "invalid_request", detail: `The query names ${twice} twice.` });
  const named = Object.fromEntries(search);
  // A parameter that a route does not know is refused like a member that it does not know, never ignored.
  const query = (route.query ?? (route.door.by === "anyone" ? ANY_QUERY : NO_QUERY)).safeParse(named);
  if (!query.success) return err(schemaRefusal(query.error, "query"));
  const read = route.body === undefined ? ok(NO_BODY) : await readJson(http, route.body);
  if (!read.ok) return read;
  const { value: body, bytes: raw } = read.value;
  if (
    route.door.by === "operator" &&
    bearsCredential(pathParams, named, withoutToken(body, route.tokenMember))
  )
    return err(CREDENTIAL_OUT_OF_PLACE);
  return ok({ params: params?.data, query: query.data, body, raw });
}

const bearsCredential = (...written: readonly unknown[]): boolean => holdsCredential(JSON.stringify(written));

/** The one member in which a route takes a user's token. A key of Dome's own is out of place there too. */
function withoutToken(body: unknown, member: string | undefined): unknown {
  if (member === undefined || typeof body !== "object" || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).filter(([name, value]) => name !== member || /dome_[ao]t_/.test(String(value))),
  );
}

const NO_QUERY = z.strictObject({});
const ANY_QUERY = z.object({});
const NO_BODY = { value: undefined, bytes: new Uint8Array() };
/** What operators write is stored, shown and recorded: a key or token among it would be kept in clear (P4). */
const CREDENTIAL_OUT_OF_PLACE: Refusal = {
  code: "invalid_request",
  detail:
    "There is a credential in the request. It belongs into the Authorization header and nowhere else; revoke it if it is live.",
};

/** A known path with another method: 405 with `Allow` (RFC 9110 §15.5.6), not 404. */
function refuseOtherMethods(app: Hono<AppEnv>): void {
  const methods = Map.groupBy([...routes, ...UNGUARDED], (route) => route.path);
  for (const [path, known] of methods) {
    const allow = known.map((route) => route.method.toUpperCase()).join(", ");
    app.all(honoPath(path), (context) =>
      problemResponse(
        { code: "method_not_allowed", detail: `This route takes ${allow}.` },
        { requestId: context.get("requestId"), headers: { allow } },
      ),
    );
  }
}
