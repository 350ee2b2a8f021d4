/** Maps every refusal of the OAuth token service to the answer of its endpoints, exhaustively. */
import type { AuditUnavailable } from "../../audit/sink.ts";
import { unreachable } from "../../kernel/result.ts";
import type { ClientRefusal } from "../../oauth/authenticate-client.ts";
import type { ExchangeRefusal } from "../../oauth/exchange-token.ts";
import type { TokenRequestRefusal } from "../../oauth/issue-token.ts";
import type { RevocationRefusal } from "../../oauth/revoke-token.ts";
import { EVIDENCE_FULL } from "../../operations/answer/refusal.ts";
import { retryAfterDrain, UNAVAILABLE, unavailableFor } from "../door-refusals.ts";
import { oauthRefusal, type OAuthRefusal } from "./oauth.ts";
import { refusedHop, refusedSubject, REFUSED_ACTOR } from "./oauth-exchange.ts";

export const invalidRequest = (description: string): OAuthRefusal => ({
  status: 400,
  error: "invalid_request",
  description,
});

/** The scheme in which a client authenticates, or tried to; the challenge names the same one (RFC 6749 §5.2). */
export type Scheme = "Basic" | "Bearer";

const challenge = (scheme: Scheme) => ({ "www-authenticate": `${scheme} realm="dome"` });

export const unauthenticated = (scheme: Scheme): OAuthRefusal => ({
  status: 401,
  error: "invalid_client",
  description:
    "Authenticate with Basic agt_...:dome_at_..., with Bearer dome_at_..., or with client_id and client_secret in the form",
  headers: challenge(scheme),
});

const deadClient = (scheme: Scheme): OAuthRefusal => ({
  status: 401,
  error: "invalid_client",
  description: "The key is unknown, expired or revoked, or it belongs to another client",
  headers: challenge(scheme),
});

/** @param exchanges true when the stopped party may be the subject instead of the client itself. */
export function refusedToken(
  refusal: ClientRefusal | TokenRequestRefusal | ExchangeRefusal,
  scheme: Scheme,
  exchanges = false,
): OAuthRefusal {
  switch (refusal.kind) {
    case "invalid_client":
      return deadClient(scheme);
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
        description: "The agent, or another agent of the chain, is draining and takes no new work",
        domeError: "agent_draining",
        headers: { "retry-after": String(retryAfterDrain(refusal.left_ms)) },
      };
    case "invalid_scope":
      return { status: 400, error: "invalid_scope", description: "The scope is not valid" };
    case "invalid_target":
      return {
        status: 400,
        error: "invalid_target",
        description: "Dome does not serve that resource",
      };
    case "malformed":
      return { status: 400, error: "invalid_request", description: refusal.detail };
    case "subject":
      return refusedSubject(refusal.why);
    case "actor":
      return REFUSED_ACTOR[refusal.why];
    case "hop":
      return refusedHop(refusal.why);
    case "unknown_tier":
      return {
        status: 400,
        error: "unauthorized_client",
        description: `The tier ${refusal.agent?.tier} of the agent ${refusal.agent?.name} does not exist`,
        domeError: "tier_limit",
      };
    case "nothing_left":
      return {
        status: 400,
        error: "unauthorized_client",
        description: "The key or the agent expires in less than a second",
        domeError: "nothing_left",
      };
    case "token_too_large":
      return {
        status: 400,
        error: "invalid_request",
        description: `The token would have ${refusal.length} characters; the limit is ${refusal.most}. Configure the identity provider to send fewer groups, or use a shorter chain`,
        domeError: "token_too_large",
      };
    case "not_admitted":
      return exchanges ? refusedSubject("unacceptable") : deadClient(scheme);
    case "no_lease":
      return oauthRefusal(unavailableFor(refusal.of));
    case "audit_unavailable":
      return oauthRefusal(UNAVAILABLE);
    case "evidence_full":
      return oauthRefusal(EVIDENCE_FULL);
    default:
      return unreachable(refusal);
  }
}

export function refusedQuestion(refusal: RevocationRefusal | AuditUnavailable): OAuthRefusal {
  switch (refusal.kind) {
    case "no_lease":
      return oauthRefusal(unavailableFor(refusal.of));
    case "audit_unavailable":
      return oauthRefusal(UNAVAILABLE);
    case "evidence_full":
      return oauthRefusal(EVIDENCE_FULL);
    case "unsupported_token_type":
      return {
        status: 400,
        error: "unsupported_token_type",
        description:
          "This endpoint revokes call tokens and API keys only. Revoke an operator token with dome operators revoke",
      };
    case "not_yours":
      return { status: 400, error: "invalid_request", description: "The token was issued to another client" };
    default:
      return unreachable(refusal);
  }
}
