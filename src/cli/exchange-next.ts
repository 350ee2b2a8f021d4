/**
 * The next step after the token endpoint refused an exchange (RFC 8693 §2.2.2): by Dome's code, otherwise by the
 * registered one.
 */
import type { ApiError } from "../../sdk/typescript/src/errors.ts";

const WITHOUT_ACTOR = "leave out --actor: the agent of the key acts";

const NEXT: ReadonlyMap<string, string> = new Map([
  ["actor_unauthorized", "ask an operator to run dome agents update DELEGATOR --add-delegate THIS_AGENT"],
  ["actor_mismatch", WITHOUT_ACTOR],
  ["actor_delegated", WITHOUT_ACTOR],
  ["actor_token_invalid", WITHOUT_ACTOR],
  ["chain_loop", "dome token inspect FILE, with the subject's token: it shows the agents of its chain"],
  ["chain_too_deep", "dome tiers list"],
  [
    "invalid_request",
    "dome token inspect FILE, with the subject's token: it shows its claims and when it expires",
  ],
  [
    "invalid_scope",
    "leave out --scope, or narrow it: dome token inspect FILE shows the scope of the subject's token",
  ],
  ["invalid_target", "leave out --audience, or name one door within the audience of the subject's token"],
  ["unsupported_grant_type", "dome version: the service may be older than token exchange"],
]);

/** The next step; undefined when the general one applies. */
export const nextForExchange = (error: ApiError): string | undefined =>
  (error.domeError === null ? undefined : NEXT.get(error.domeError)) ?? NEXT.get(error.code);
