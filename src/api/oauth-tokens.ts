/** Asking about a token (RFC 7662) and ending one (RFC 7009). The asker is a client, as at the token endpoint, or an operator. */
import { authenticateOperator } from "../access/operator.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { identifyClient, standingOfClient } from "../oauth/authenticate-client.ts";
import { introspectToken } from "../oauth/introspect-token.ts";
import type { TokenParty } from "../oauth/presented-token.ts";
import { revokeToken } from "../oauth/revoke-token.ts";
import { mayDo, type Permission } from "../operators/permissions.ts";
import { clientCredential, invalidRequest, readForm } from "./oauth-form.ts";
import { oauthResponse, refusedQuestion, refusedToken, unauthenticated } from "./oauth-problem.ts";
import type { OAuthRefusal } from "./oauth-refusal.ts";
import { noteRefusedClient } from "./refused.ts";
import { requestFacts } from "./request-facts.ts";
import type { Services } from "./services.ts";

export const INTROSPECTION_PATH = "/api/v1/auth/introspect";
export const REVOCATION_PATH = "/api/v1/auth/revoke";

interface Endpoint {
  readonly path: string;
  readonly permission: Permission;
}
const INTROSPECTION: Endpoint = { path: INTROSPECTION_PATH, permission: "tokens:introspect" };
const REVOCATION: Endpoint = { path: REVOCATION_PATH, permission: "tokens:revoke" };

export async function introspectionEndpoint(
  services: Services,
  http: Request,
  requestId: string,
): Promise<Response> {
  const question = await readQuestion(services, http, requestId, INTROSPECTION);
  if (!question.ok) return oauthResponse(question.error);
  const { party, token } = question.value;
  const answer = await introspectToken(services.access, party, token);
  return oauthResponse(answer.ok ? { status: 200, body: answer.value } : refusedQuestion(answer.error));
}

export async function revocationEndpoint(
  services: Services,
  http: Request,
  requestId: string,
): Promise<Response> {
  const question = await readQuestion(services, http, requestId, REVOCATION);
  if (!question.ok) return oauthResponse(question.error);
  const { party, token } = question.value;
  const revoked = await revokeToken(services.access, services.operations.owners, party, {
    token,
    requestId,
    request: requestFacts(http),
  });
  if (!revoked.ok) return oauthResponse(refusedQuestion(revoked.error));
  return new Response(null, { status: 200, headers: { "cache-control": "no-store", pragma: "no-cache" } });
}

/** Authenticates before the token is looked at (P11). */
async function readQuestion(
  services: Services,
  http: Request,
  requestId: string,
  endpoint: Endpoint,
): Promise<Result<{ readonly party: TokenParty; readonly token: string }, OAuthRefusal>> {
  const form = await readForm(http);
  if (!form.ok) return form;
  const party = await authenticate(services, http, form.value, requestId, endpoint);
  if (!party.ok) return party;
  const token = form.value.get("token");
  return token === undefined ? err(invalidRequest("token is missing")) : ok({ party: party.value, token });
}

async function authenticate(
  services: Services,
  http: Request,
  form: ReadonlyMap<string, string>,
  requestId: string,
  endpoint: Endpoint,
): Promise<Result<TokenParty, OAuthRefusal>> {
  const authorization = http.headers.get("authorization");
  const credential = clientCredential(authorization, form);
  if (!credential.ok) return credential;
  if (credential.value.client === null && credential.value.secret.startsWith("dome_ot_")) {
    const operator = await authenticateOperator(services.operators, authorization);
    if (!operator.ok) return err(unauthenticated("Bearer"));
    if (mayDo(operator.value.role, endpoint.permission))
      return ok({ by: "operator", operator: operator.value });
    return err({
      status: 403,
      error: "unauthorized_client",
      description: `The role ${operator.value.role} may not do this (${endpoint.permission})`,
    });
  }
  const known = await identifyClient(services.access, credential.value);
  const standing = known.ok ? await standingOfClient(services.access, known.value) : known;
  if (!standing.ok) {
    noteRefusedClient(services, standing.error, endpoint.path, requestId);
    return err(refusedToken(standing.error, credential.value.scheme));
  }
  return ok({ by: "client", agent: standing.value.record.id });
}
