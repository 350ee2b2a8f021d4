/**
 * Single call tokens of one agent that were revoked (RFC 7009). They are part of the agent's lease, so every door hears
 * of them within the lease's bound; what was exchanged from one carries its `jti` in `dome.path` and has this agent in
 * its chain, so it is refused with it.
 *
 * A revocation is kept until no clock accepts the token any more. The list is bounded, because it travels with every
 * lease: an agent that revokes more tokens than fit loses all that it has (its epoch moves). That errs to the safe
 * side, and a live key gets a new token at once.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { RevokeTokenCommand } from "../operations/owners/agent-owner.ts";
import type { OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type { AgentParts } from "./agent-stop.ts";

/** Clocks of isolates differ: a token may be accepted a little after its `exp` by the object's clock. */
const KEEP_AFTER_EXPIRY_MS = 60_000;
export const MOST_REVOKED_TOKENS = 1_000;

/** Inside one transaction of the object. */
export function revokeToken(
  { deps, store, timerTable, outbox }: AgentParts,
  { jti, expiresAt, audit }: RevokeTokenCommand,
): Result<{ changed: boolean }, OwnerRefusal> {
  if (store.read() === null) return err({ kind: "absent" });
  if (store.isTokenRevoked(jti)) return ok({ changed: false });
  const { left } = store.sweepRevokedTokens(deps.clock.now());
  if (left >= MOST_REVOKED_TOKENS) store.raiseEpoch();
  else {
    const until = expiresAt + KEEP_AFTER_EXPIRY_MS;
    store.revokeToken(jti, until);
    timerTable.ensure("revoked_tokens", "", until);
  }
  outbox.append(audit);
  return ok({ changed: true });
}

/** Timer `revoked_tokens`. @returns when the next one may go. */
export const sweepRevokedTokens = ({ deps, store }: AgentParts): number | undefined =>
  store.sweepRevokedTokens(deps.clock.now()).next ?? undefined;
