/**
 * Single call tokens of one agent that were revoked (RFC 7009). They are part of the agent's lease, so every door
 * learns of them within the life of a lease. A token exchanged from a revoked one carries its `jti` in `dome.path` and
 * has this agent in its chain, so it is refused with it.
 *
 * A revocation is kept until no clock accepts the token any more. The list is bounded, because every lease carries it.
 * When an agent revokes more tokens than fit, all of its tokens are revoked (its epoch moves). This errs on the safe
 * side, and a live key gets a new token at once.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { RevokeTokenCommand } from "../operations/owners/agent-owner.ts";
import type { OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type { AgentParts } from "./agent-stop.ts";

/**
 * How long a token is listed after its `exp`, in milliseconds: clocks differ, so another isolate may accept it a little
 * longer.
 */
const KEEP_AFTER_EXPIRY_MS = 60_000;
export const MOST_REVOKED_TOKENS = 1_000;

/** Revokes a token, inside one transaction of the object. */
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

/**
 * Timer `revoked_tokens`.
 * @returns when the next token can be deleted (milliseconds since the epoch).
 */
export const sweepRevokedTokens = ({ deps, store }: AgentParts): number | undefined =>
  store.sweepRevokedTokens(deps.clock.now()).next ?? undefined;
