/**
 * The next step after the token endpoint refused an exchange (RFC 8693 §2.2.2): by Dome's code, otherwise by the
 * registered one.
 */
import type { ApiError } from "../../sdk/typescript/src/errors.ts";

const WITHOUT_ACTOR = "leave --actor out: the agent of the key is the one that acts";

const NEXT: ReadonlyMap<string, string> = new Map([
  ["actor_unauthorized", "an operator types dome agents update DELEGATOR --add-delegate THIS_AGENT"],
  ["actor_mismatch", WITHOUT_ACTOR],
  ["actor_delegated", WITHOUT_ACTOR],
  ["actor_token_invalid", WITHOUT_ACTOR],
  ["chain_loop", "dome token inspect FILE, with the subject's token: it shows who is in the chain already"],
  ["chain_too_deep", "dome tiers list"],
  [
    "invalid_request",
    "dome token inspect FILE, with the subject's token: it shows what it is and when it ends",
  ],
  [
    "invalid_scope",
    "leave --scope out, or narrow it: dome token inspect FILE shows what the subject's token has",
  ],
  ["invalid_target", "leave --audience out, or name one door of what the subject's token is for"],
  ["unsupported_grant_type", "dome version: the service may be of a version without token exchange"],
]);

/** The next step; undefined when the general one applies. */
export const nextForExchange = (error: ApiError): string | undefined =>
  (error.domeError === null ? undefined : NEXT.get(error.domeError)) ?? NEXT.get(error.code);
