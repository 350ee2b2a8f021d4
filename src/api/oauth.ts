/**
 * The OAuth doors: token endpoint (RFC 6749), introspection and revocation, server metadata (RFC 8414), keys (RFC 7517). Their errors have the shape
 * of RFC 6749 §5.2, never that of a problem.
 */
import type { Hono } from "hono";
import { TOKEN_EXCHANGE } from "../oauth/exchange-request.ts";
import { exchangeToken } from "../oauth/exchange-token.ts";
import { issueToken } from "../oauth/issue-token.ts";
import { jwksDocument, JWKS_MAX_AGE_S } from "../tokens/jwks.ts";
import {
  authorizationServerMetadata,
  protectedResourceMetadata,
  RESOURCE_METADATA_PATH,
} from "../tokens/metadata.ts";
import { traceparentOf } from "../kernel/trace.ts";
import { requestFacts } from "./request-facts.ts";
import { clientCredential, invalidRequest, readForm } from "./oauth-form.ts";
import { oauthResponse, refusedToken } from "./oauth-problem.ts";
import {
  INTROSPECTION_PATH,
  introspectionEndpoint,
  REVOCATION_PATH,
  revocationEndpoint,
} from "./oauth-tokens.ts";
import { problemResponse, UNAVAILABLE } from "./problem.ts";
import { noteRefusedClient } from "./refused.ts";
import type { AppEnv, Services } from "./services.ts";

export const TOKEN_PATH = "/api/v1/auth/token";
const GRANTS = ["client_credentials", TOKEN_EXCHANGE] as const;

/** Scopes that name a tool, pool or integration depend on the workspace, and are not listed. */
const SCOPES = ["surface"] as const;

const ENDPOINTS = [
  [TOKEN_PATH, tokenEndpoint],
  [INTROSPECTION_PATH, introspectionEndpoint],
  [REVOCATION_PATH, revocationEndpoint],
] as const;

export function oauthRoutes(app: Hono<AppEnv>): void {
  for (const [path, endpoint] of ENDPOINTS) {
    app.post(path, (context) => endpoint(context.get("services"), context.req.raw, context.get("requestId")));
    app.all(path, () =>
      oauthResponse({
        status: 405,
        error: "invalid_request",
        description: "This endpoint takes POST only",
        headers: { allow: "POST" },
      }),
    );
  }
  app.get("/.well-known/oauth-authorization-server", (context) =>
    context.json(
      authorizationServerMetadata({
        issuer: context.get("services").issuer,
        grantTypes: GRANTS,
        scopes: SCOPES,
        introspection: true,
        revocation: true,
      }),
    ),
  );
  app.get(RESOURCE_METADATA_PATH, (context) =>
    context.json(protectedResourceMetadata(context.get("services").issuer, SCOPES)),
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
  const asked = {
    ...credential.value,
    form: form.value,
    requestId,
    request: requestFacts(http),
    traceparent: traceparentOf(http.headers),
  };
  const issued =
    grant === TOKEN_EXCHANGE
      ? await exchangeToken(services.access, asked)
      : await issueToken(services.access, asked);
  if (issued.ok) return oauthResponse({ status: 200, body: issued.value });
  noteRefusedClient(services, issued.error, TOKEN_PATH, requestId);
  return oauthResponse(refusedToken(issued.error, credential.value.scheme));
}
