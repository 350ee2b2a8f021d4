/** The token endpoint (RFC 6749), introspection (RFC 7662) and revocation (RFC 7009). */
import {
  introspection,
  introspectionRequest,
  revocationRequest,
  tokenRequest,
  tokenResponse,
} from "../../contract/oauth.ts";
import { traceparentOf } from "../../kernel/trace.ts";
import { err, ok } from "../../kernel/result.ts";
import { exchangeToken } from "../../oauth/exchange-token.ts";
import { INACTIVE, introspectToken } from "../../oauth/introspect-token.ts";
import { issueToken } from "../../oauth/issue-token.ts";
import type { Requester } from "../../oauth/presented-token.ts";
import { revokeHeldKey, revokeToken } from "../../oauth/revoke-token.ts";
import { GRANTS, TOKEN_EXCHANGE } from "../../oauth/grants.ts";
import { invalidRequest, refusedQuestion, refusedToken } from "../dialects/oauth-refusals.ts";
import { oauthRoute } from "../oauth-route.ts";
import type { ClientParty, Route } from "../route.ts";

const tag = "oauth";
const TOKEN_PATH = "/api/v1/auth/token";

/** The party that asks about a token, or revokes one. */
function askerOf(party: ClientParty): Requester {
  if (party.by === "holder") throw new Error("a holder passed a door for clients");
  return party.by === "operator"
    ? party
    : { by: "client", agent: party.client.agent.id, link: party.client.link };
}

export const oauthRoutes: readonly Route[] = [
  oauthRoute(
    {
      method: "post",
      path: TOKEN_PATH,
      operationId: "issueToken",
      summary:
        "Exchange an API key for a short-lived call token (RFC 6749 §4.4), or a token for a narrower one (RFC 8693)",
      tag,
      door: { by: "client", permission: null },
      form: tokenRequest,
      answers: [{ status: 200, description: "The call token", schema: tokenResponse }],
    },
    async ({ services, http, requestId, facts, party, form, scheme }) => {
      if (party.by !== "client") throw new Error("no client passed the door of the token endpoint");
      const grant = form.get("grant_type");
      if (grant === undefined) return err(invalidRequest("grant_type is missing"));
      if (!GRANTS.some((known) => known === grant)) {
        return err({
          status: 400,
          error: "unsupported_grant_type",
          description: `Supported: ${GRANTS.join(", ")}`,
        });
      }
      const asked = {
        client: party.client,
        form,
        requestId,
        request: facts,
        traceparent: traceparentOf(http.headers),
      };
      const issued =
        grant === TOKEN_EXCHANGE
          ? await exchangeToken(services.access, asked)
          : await issueToken(services.access, asked);
      if (issued.ok) return ok({ body: issued.value.value });
      return err(refusedToken(issued.error, scheme, grant === TOKEN_EXCHANGE));
    },
  ),
  oauthRoute(
    {
      method: "post",
      path: "/api/v1/auth/introspect",
      operationId: "introspectToken",
      summary: "Whether a call token is active now, and its claims (RFC 7662)",
      tag,
      door: { by: "client", permission: "tokens:introspect" },
      form: introspectionRequest,
      answers: [
        {
          status: 200,
          description: "The claims of the token, or that it is not active",
          schema: introspection,
        },
      ],
    },
    async ({ services, requestId, facts, party, form }) => {
      const token = form.get("token");
      if (token === undefined) return err(invalidRequest("token is missing"));
      const asked = { token, requestId, request: facts };
      const answer = await introspectToken(services.access, askerOf(party), asked);
      return answer.ok ? ok({ body: answer.value?.value ?? INACTIVE }) : err(refusedQuestion(answer.error));
    },
  ),
  oauthRoute(
    {
      method: "post",
      path: "/api/v1/auth/revoke",
      operationId: "revokeToken",
      summary: "Revoke a call token and every token exchanged from it (RFC 7009)",
      tag,
      door: { by: "client", permission: "tokens:revoke", holders: true },
      form: revocationRequest,
      answers: [{ status: 200, description: "The token is revoked, or there was none; the body is empty" }],
    },
    async ({ services, requestId, facts, party, form }) => {
      const token = form.get("token");
      if (token === undefined) return err(invalidRequest("token is missing"));
      const { owners } = services.operations;
      const request = { token, requestId, request: facts };
      const revoked =
        party.by === "holder"
          ? await revokeHeldKey(services.access, owners, null, request)
          : await revokeToken(services.access, owners, askerOf(party), request);
      return revoked.ok ? ok({ body: undefined }) : err(refusedQuestion(revoked.error));
    },
  ),
];
