/** From what the OAuth token service refuses to what its endpoints say: one exhaustive mapping. */
import { unreachable } from "../../kernel/result.ts";
import type { ExchangeRefusal } from "../../oauth/exchange-token.ts";
import type { TokenRequestRefusal } from "../../oauth/issue-token.ts";
import type { RevocationRefusal } from "../../oauth/revoke-token.ts";
import { retryAfterDrain, UNAVAILABLE } from "../door-refusals.ts";
import { oauthRefusal, type OAuthRefusal } from "./oauth.ts";
import { refusedHop, refusedSubject, REFUSED_ACTOR } from "./oauth-exchange.ts";

export const invalidRequest = (description: string): OAuthRefusal => ({
  status: 400,
  error: "invalid_request",
  description,
});

/** The scheme in which a client authenticates, or tried to: a challenge names the same one (RFC 6749 §5.2). */
export type Scheme = "Basic" | "Bearer";

const challenge = (scheme: Scheme) => ({ "www-authenticate": `${scheme} realm="dome"` });

export const unauthenticated = (scheme: Scheme): OAuthRefusal => ({
  status: 401,
  error: "invalid_client",
  description:
    "Authenticate with Basic agt_...:dome_at_..., with Bearer dome_at_..., or with client_id and client_secret in the form",
  headers: challenge(scheme),
});

const TOKEN_UNAVAILABLE = oauthRefusal(UNAVAILABLE);

export function refusedToken(refusal: TokenRequestRefusal | ExchangeRefusal, scheme: Scheme): OAuthRefusal {
  switch (refusal.kind) {
    case "invalid_client":
      return {
        status: 401,
        error: "invalid_client",
        description: "The key is unknown or dead, or not of this client",
        headers: challenge(scheme),
      };
    case "not_active":
      return {
        status: 400,
        error: "unauthorized_client",
        description: `The agent is ${refusal.state}`,
        domeError: `agent_${refusal.state}`,
      };
    case "draining":
      return {
        status: 400,
        error: "unauthorized_client",
        description: "The agent, or one of the chain, is draining: it takes no new work",
        domeError: "agent_draining",
        headers: { "retry-after": String(retryAfterDrain(refusal.left_ms)) },
      };
    case "invalid_scope":
      return { status: 400, error: "invalid_scope", description: "The scope is not one this service knows" };
    case "invalid_target":
      return {
        status: 400,
        error: "invalid_target",
        description: "No door of this service has that resource",
      };
    case "malformed":
      return { status: 400, error: "invalid_request", description: refusal.detail };
    case "subject":
      return refusedSubject(refusal.why);
    case "actor":
      return REFUSED_ACTOR[refusal.why];
    case "hop":
      return refusedHop(refusal.why);
    case "unavailable":
      return TOKEN_UNAVAILABLE;
    default:
      return unreachable(refusal);
  }
}

export function refusedQuestion(refusal: RevocationRefusal): OAuthRefusal {
  switch (refusal.kind) {
    case "no_lease":
      return TOKEN_UNAVAILABLE;
    case "unsupported_token_type":
      return {
        status: 400,
        error: "unsupported_token_type",
        description: "Only call tokens are revoked here. Keys and operator tokens have commands of their own",
      };
    case "not_yours":
      return { status: 400, error: "invalid_request", description: "The token was issued to another client" };
    default:
      return unreachable(refusal);
  }
}
