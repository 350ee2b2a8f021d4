/**
 * The OAuth doors: token endpoint (RFC 6749), server metadata (RFC 8414), keys (RFC 7517). Their errors have the shape
 * of RFC 6749 §5.2, never that of a problem.
 */
import type { Hono } from "hono";
import { fromBase64, fromUtf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { issueToken } from "../operations/issue-token.ts";
import { jwksDocument, JWKS_MAX_AGE_S } from "../tokens/jwks.ts";
import { authorizationServerMetadata } from "../tokens/metadata.ts";
import { requestFacts } from "./request-facts.ts";
import { mediaType, readBytes } from "./body.ts";
import { oauthResponse, refusedToken, unauthenticated, type OAuthRefusal } from "./oauth-problem.ts";
import { problemResponse, UNAVAILABLE } from "./problem.ts";
import { noteRefusedAgent } from "./refused.ts";
import type { AppEnv, Services } from "./services.ts";

export const TOKEN_PATH = "/api/v1/auth/token";
const GRANTS = ["client_credentials"] as const;

export function oauthRoutes(app: Hono<AppEnv>): void {
  app.post(TOKEN_PATH, (context) =>
    tokenEndpoint(context.get("services"), context.req.raw, context.get("requestId")),
  );
  app.all(TOKEN_PATH, () =>
    oauthResponse({
      status: 405,
      error: "invalid_request",
      description: "The token endpoint takes POST only",
      headers: { allow: "POST" },
    }),
  );
  app.get("/.well-known/oauth-authorization-server", (context) =>
    context.json(
      authorizationServerMetadata({
        issuer: context.get("services").issuer,
        grantTypes: GRANTS,
        scopes: ["surface"],
      }),
    ),
  );
  app.get("/.well-known/jwks.json", async (context) => {
    const services = context.get("services");
    const keys = await services.access.signingKeys.all();
    if (!keys.ok) return problemResponse(UNAVAILABLE, { requestId: context.get("requestId") });
    return context.json(jwksDocument(keys.value, services.clock.now()), 200, {
      "cache-control": `public, max-age=${JWKS_MAX_AGE_S}`,
      "content-type": "application/jwk-set+json",
    });
  });
}

async function tokenEndpoint(services: Services, http: Request, requestId: string): Promise<Response> {
  const form = await readForm(http);
  if (!form.ok) return oauthResponse(form.error);
  const credential = clientCredential(http.headers.get("authorization"), form.value);
  if (!credential.ok) return oauthResponse(credential.error);
  const grant = form.value.get("grant_type");
  if (grant === undefined) return oauthResponse(invalidRequest("grant_type is missing"));
  if (!GRANTS.some((known) => known === grant)) {
    return oauthResponse({
      status: 400,
      error: "unsupported_grant_type",
      description: `Supported: ${GRANTS.join(", ")}`,
    });
  }
  const issued = await issueToken(services.access, {
    ...credential.value,
    scope: form.value.get("scope"),
    resource: form.value.get("resource"),
    requestId,
    request: requestFacts(http),
  });
  if (issued.ok) return oauthResponse({ status: 200, body: issued.value });
  if (issued.error.kind === "invalid_client") {
    const { known } = issued.error;
    const refusal =
      known === null
        ? ({ kind: "unknown", why: "token endpoint" } as const)
        : ({ kind: "dead", agent: known.agent, key: known.key, why: known.why } as const);
    noteRefusedAgent(services, refusal, TOKEN_PATH, requestId);
  }
  return oauthResponse(refusedToken(issued.error, credential.value.scheme));
}

const invalidRequest = (description: string): OAuthRefusal => ({
  status: 400,
  error: "invalid_request",
  description,
});

/** RFC 8707 lets `resource` stand twice; a token for two doors could be replayed at the other one (RFC 9700 §2.3). */
const TWO_TARGETS: OAuthRefusal = {
  status: 400,
  error: "invalid_target",
  description: "One target per token",
};

/** One value per parameter (RFC 6749 §3.2); an empty one counts as left out; secrets in the query are refused. */
async function readForm(http: Request): Promise<Result<ReadonlyMap<string, string>, OAuthRefusal>> {
  if (new URL(http.url).search !== "")
    return err(invalidRequest("Parameters belong into the body, not into the URL"));
  if (mediaType(http.headers.get("content-type")) !== "application/x-www-form-urlencoded") {
    return err(invalidRequest("Send the body as application/x-www-form-urlencoded"));
  }
  const read = await readBytes(http);
  if (!read.ok) return err({ ...invalidRequest("The body is too large"), status: 413 });
  const text = utf8Text(read.value);
  if (text === undefined) return err(invalidRequest("The body is not UTF-8"));
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (form.has(name))
      return err(name === "resource" ? TWO_TARGETS : invalidRequest("A parameter is there twice"));
    form.set(name, value);
  }
  return ok(new Map([...form].filter(([, value]) => value !== "")));
}

interface ClientCredential {
  readonly scheme: "Basic" | "Bearer";
  readonly secret: string;
  readonly client: string | null;
}

/** Basic `agt_…:dome_at_…` (RFC 6749 §2.3.1: both parts form-encoded first), or `Bearer dome_at_…`; never two ways. */
function clientCredential(
  authorization: string | null,
  form: ReadonlyMap<string, string>,
): Result<ClientCredential, OAuthRefusal> {
  if (form.has("client_secret") || form.has("client_assertion")) {
    return err(invalidRequest("Authenticate with the Authorization header, and with nothing else"));
  }
  const named = form.get("client_id");
  const [, scheme = "", value = ""] = /^(Basic|Bearer) +(\S+)$/i.exec(authorization ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer")
    return ok({ scheme: "Bearer", secret: value, client: named ?? null });
  const decoded = scheme === "" ? undefined : base64Text(value);
  // The first colon ends the client id (RFC 7617 §2). Cut at every colon, a key with anything behind it would pass.
  const [, user = "", password = ""] = /^([^:]*):(.*)$/s.exec(decoded ?? "") ?? [];
  const [client, secret] = [formDecode(user), formDecode(password)];
  if (!client || !secret)
    return err(unauthenticated(/^Bearer\b/i.test(authorization ?? "") ? "Bearer" : "Basic"));
  if (named !== undefined && named !== client)
    return err(invalidRequest("client_id is not the one that authenticates"));
  return ok({ scheme: "Basic", secret, client });
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function base64Text(text: string): string | undefined {
  try {
    return fromUtf8(fromBase64(text));
  } catch {
    return undefined;
  }
}

function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8(bytes);
  } catch {
    return undefined;
  }
}
