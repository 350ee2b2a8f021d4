/**
 * The tokens of an exchange, verified as their types demand (RFC 8693 §2.1): the subject's, Dome's own or a trusted
 * identity provider's, and the actor's. What every agent of a chain is at this moment is looked at here too, so that
 * nothing is made of a token that no door would take.
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
  /** Not ours, not of this workspace, expired, stopped: the holder hears one answer, the trail the reason. */
  | { readonly kind: "unacceptable"; readonly why: string };

interface OwnToken {
  readonly claims: CallTokenClaims;
  /** The agents of its chain as registered, newest first. */
  readonly agents: Chain;
  /** The epoch of `org` under which its signature was verified. */
  readonly verifiedUnder: number;
}

/**
 * A call token of Dome's own, of this workspace, whose whole chain is good now.
 * @param workspace the client's: a chain lives in one workspace.
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

/** The subject that a verified call token speaks for. Its current actor, which stands first, is the one that delegates. */
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
  /** Somebody else's token: chain splicing (TX-16). */
  | { readonly kind: "actor_mismatch" }
  /** The actor acts for somebody already (TX-17). */
  | { readonly kind: "actor_delegated" };

/** The actor token, if there is one, is the client's own and speaks for nobody else. @returns its `exp`, in seconds. */
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
