/**
 * The answers to a refused exchange (RFC 8693 §2.2.2): `invalid_request` for every fault of the tokens or of the right
 * to use them, never `invalid_grant`. `dome_error` tells the agent's developer which rule of Dome refused. A refused
 * token of another agent gets no reason except that it is not accepted (P11); a refused token of a user gets the
 * reason, because only its holder can correct it.
 */
import type { HopRefusal } from "../../delegation/hop.ts";
import { unreachable } from "../../kernel/result.ts";
import type { ExchangeRefusal } from "../../oauth/exchange-token.ts";
import type { OAuthRefusal } from "./oauth.ts";

const invalid = (domeError: string, description: string): OAuthRefusal => ({
  status: 400,
  error: "invalid_request",
  description,
  domeError,
});

type SubjectWhy = Extract<ExchangeRefusal, { kind: "subject" }>["why"];
type ActorWhy = Extract<ExchangeRefusal, { kind: "actor" }>["why"];

export function refusedSubject(why: SubjectWhy): OAuthRefusal {
  if (why === "unacceptable") {
    return invalid(
      "subject_token_invalid",
      "The subject token is not from this service, it has expired, or an agent, user or token of its chain is stopped",
    );
  }
  return invalid(
    `subject_${why}`,
    `The user's token is not accepted: ${why.replaceAll("_", " ")}. Run dome idp test to see what the identity provider's entry requires`,
  );
}

export const REFUSED_ACTOR: Readonly<Record<ActorWhy, OAuthRefusal>> = {
  actor_mismatch: invalid(
    "actor_mismatch",
    "The actor token belongs to another agent than the one that authenticates",
  ),
  actor_delegated: invalid(
    "actor_delegated",
    "The actor token already acts for a user or for another agent. Send the agent's own token",
  ),
  unacceptable: invalid("actor_token_invalid", "The actor token must be a live call token of this service"),
};

export function refusedHop(refusal: HopRefusal): OAuthRefusal {
  switch (refusal.kind) {
    case "may_act":
      return invalid("actor_unauthorized", "may_act of the subject token names another actor");
    case "no_basis":
      return invalid(
        "actor_unauthorized",
        `The agent ${refusal.delegator} does not delegate to this agent: its delegates_to does not name this agent, and it is not this agent's parent`,
      );
    case "loop":
      return invalid("chain_loop", "The agent is already in this chain");
    case "too_deep":
      return invalid(
        "chain_too_deep",
        `The chain would have more agents than its strictest tier allows: ${refusal.most}`,
      );
    case "path_too_long":
      return invalid(
        "chain_too_deep",
        `The subject token already descends from ${refusal.most} tokens, which is the limit. Exchange an earlier token of the chain`,
      );
    case "scope_wider":
      return {
        status: 400,
        error: "invalid_scope",
        description: "The scope is wider than the subject token's",
      };
    case "audience_wider":
      return {
        status: 400,
        error: "invalid_target",
        description:
          "The subject token is for another audience, and an exchange can only narrow the audience",
      };
    case "nothing_left":
      return invalid(
        "subject_token_invalid",
        "The subject token, the actor token, a key or an agent of the chain expires in less than a second",
      );
    default:
      return unreachable(refusal);
  }
}
