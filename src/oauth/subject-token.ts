/**
 * The tokens of an exchange, verified as their types require (RFC 8693 §2.1): the subject's, issued by Dome or by a
 * trusted identity provider, and the actor's. The current state of every agent of a chain is checked here too, so
 * that no token is made from one that no door would accept.
 */
import { loadChain, type Chain } from "../access/chain.ts";
import type { NoLease } from "../access/lease-client.ts";
import { standsNow, type Draining } from "../access/release.ts";
import { tokenStateOf } from "../access/token-state.ts";
import { parseAudience } from "../contract/audience.ts";
import type { CallTokenClaims } from "../contract/call-token.ts";
import { parseScope } from "../contract/scope.ts";
import type { AgentId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { TokenSubject } from "../delegation/hop.ts";
import type { TokenPorts } from "./ports.ts";
import { isUserVouchedFor, verifyForAnyDoor } from "./presented-token.ts";

export type PresentedRefusal =
  | NoLease
  | Draining
  /** Not Dome's, of another workspace, expired, stopped: the holder gets one answer; the trail gets the reason. */
  | { readonly kind: "unacceptable"; readonly why: string };

interface OwnToken {
  readonly claims: CallTokenClaims;
  /** The agents of its chain as registered, newest first. */
  readonly agents: Chain;
  /** The epoch of `org` under which its signature was verified. */
  readonly verifiedUnder: number;
}

/**
 * A call token of Dome's own, of this workspace, whose whole chain is valid now.
 * @param workspace the client's: all agents of a chain belong to one workspace.
 */
export async function verifyOwnToken(
  ports: TokenPorts,
  token: string,
  workspace: string,
): Promise<Result<OwnToken, PresentedRefusal>> {
  const unacceptable = (why: string) => err({ kind: "unacceptable", why } as const);
  const verified = await verifyForAnyDoor(ports, token);
  if (!verified.ok)
    return verified.error.kind === "no_lease" ? err(verified.error) : unacceptable(verified.error.kind);
  const { claims, verifiedUnder } = verified.value;
  if (claims.dome.workspace !== workspace) return unacceptable("other_workspace");
  if (parseAudience(ports.issuer, claims.aud) === undefined) return unacceptable("wrong_audience"); // TX-18
  const stands = await standsNow(ports.leases, tokenStateOf(claims, verifiedUnder));
  if (!stands.ok) {
    return stands.error.kind === "not_admitted" ? unacceptable(stands.error.stale.kind) : err(stands.error);
  }
  const agents = await loadChain(ports, claims.dome);
  if (!agents.ok)
    return agents.error.kind === "no_lease" ? err(agents.error) : unacceptable(agents.error.kind);
  const vouched = await isUserVouchedFor(ports, claims);
  if (!vouched.ok) return vouched;
  if (!vouched.value) return unacceptable("provider_removed");
  return ok({ claims, agents: agents.value, verifiedUnder });
}

/**
 * The subject of a verified call token. Its current actor, which is first in the chain, is the agent that
 * delegates.
 */
export function tokenSubject({ claims, agents: [delegator] }: OwnToken): TokenSubject | undefined {
  const scope = parseScope(claims.scope);
  if (!scope.ok) return undefined;
  return {
    kind: "token",
    claims,
    scope: scope.value,
    delegator: { id: delegator.id, name: delegator.name, delegatesTo: delegator.delegatesTo },
  };
}

export type ActorRefusal =
  | PresentedRefusal
  /** The token of another agent: chain splicing (TX-16). */
  | { readonly kind: "actor_mismatch" }
  /** The actor already acts for somebody (TX-17). */
  | { readonly kind: "actor_delegated" };

/**
 * Checks that the actor token, if there is one, is the client's own and acts for nobody else. @returns its `exp`,
 * in seconds.
 */
export async function verifyActorToken(
  ports: TokenPorts,
  token: string | undefined,
  client: AgentId,
  workspace: string,
): Promise<Result<number | undefined, ActorRefusal>> {
  if (token === undefined) return ok(undefined);
  const own = await verifyOwnToken(ports, token, workspace);
  if (!own.ok) return own;
  const { claims } = own.value;
  if (claims.client_id !== client) return err({ kind: "actor_mismatch" });
  if (claims.act !== undefined) return err({ kind: "actor_delegated" });
  return ok(claims.exp);
}
