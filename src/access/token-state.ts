/** Turns the claims of a verified call token into the state that the leases must confirm (P3). */
import type { CallTokenClaims } from "../contract/call-token.ts";
import { defined } from "../kernel/defined.ts";
import type { TokenState } from "../lifecycle/admission.ts";

/**
 * @param verifiedUnder the `org` epoch under which the signature was verified; undefined where no lease can date
 * it.
 */
export function tokenStateOf(claims: CallTokenClaims, verifiedUnder?: number): TokenState {
  const { workspace, chain, halt_epoch: haltEpoch, path } = claims.dome;
  const isUser = claims.sub_profile === "user";
  return {
    workspace,
    chain,
    haltEpoch,
    path,
    ...defined({
      user: isUser ? claims.sub : undefined,
      userEpoch: isUser ? (claims.dome.user_epoch ?? 0) : undefined,
      verifiedUnder,
      txn: claims.txn,
    }),
  };
}
