/**
 * A call token that a caller asks about and does not act with. It is verified by the newest keys, for any door, and
 * the caller must be related to it.
 */
import { seesWorkspace, type Operator } from "../access/operator.ts";
import type { NoLease } from "../access/lease-client.ts";
import type { AgentId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Link } from "../lifecycle/admission.ts";
import { findAgentById } from "../registry/agents.ts";
import { findWorkspace } from "../registry/workspaces.ts";
import type { Database } from "../storage/client.ts";
import type { CallTokenClaims } from "../contract/call-token.ts";
import { verifyCallToken, type TokenRefusal } from "../tokens/verify.ts";
import type { TokenPorts } from "./ports.ts";

/** The caller that asks: an agent authenticated as a client, with its key and epoch; or an operator. */
export type Requester =
  | { readonly by: "client"; readonly agent: AgentId; readonly link: Link }
  | { readonly by: "operator"; readonly operator: Operator };

/**
 * Form and signature are checked first: a text that is no token of Dome's causes no request to an object. Then
 * `org` is asked, because a lease may not show that a key was just withdrawn or has just begun to sign. Requests
 * about unknown keys are rare.
 * @returns null for every text that is no token of Dome's, or no longer one.
 */
export async function readPresentedToken(
  ports: TokenPorts,
  token: string,
): Promise<Result<CallTokenClaims | null, NoLease>> {
  const first = await verifyForAnyDoor(ports, token);
  if (!first.ok && first.error.kind === "no_lease") return err(first.error);
  if (!first.ok && first.error.kind !== "unknown_kid") return ok(null);
  const org = first.ok ? await ports.leases.freshOrg() : await ports.leases.recentOrg();
  if (!org.ok) return org;
  const again = await verifyForAnyDoor(ports, token);
  if (!again.ok && again.error.kind === "no_lease") return err(again.error);
  return ok(again.ok ? again.value.claims : null);
}

/**
 * A call token that is introspected or exchanged, so its audience may be any door.
 * @returns the claims, and the `org` epoch under which the signature was verified. A token made from this one is
 * valid only while that epoch is current, so withdrawing a signing key also ends the tokens that depend on it.
 */
export async function verifyForAnyDoor(
  ports: TokenPorts,
  token: string,
): Promise<
  Result<{ readonly claims: CallTokenClaims; readonly verifiedUnder: number }, NoLease | TokenRefusal>
> {
  const keySet = await ports.keySet();
  if (!keySet.ok) return keySet;
  const verified = await verifyCallToken(token, {
    issuer: ports.issuer,
    audiences: "any",
    keySet: keySet.value,
    now: ports.clock.now(),
    cache: ports.tokenCache,
  });
  return verified.ok ? ok({ claims: verified.value.claims, verifiedUnder: keySet.value.epoch }) : verified;
}

/**
 * Whether the workspace still trusts the provider that verified the user of a token; true for a token without a
 * user. Doors deny such a call with a reason. A caller that only introspects or exchanges the token must get that
 * refusal too (P7).
 */
export async function isUserVouchedFor(
  { leases, configuration }: Pick<TokenPorts, "leases" | "configuration">,
  { dome: { workspace, provider } }: CallTokenClaims,
): Promise<Result<boolean, NoLease>> {
  if (provider === undefined) return ok(true);
  const lease = await leases.workspace(workspace);
  if (!lease.ok) return lease;
  const providers = await configuration.providers(workspace, lease.value.answer.config_epoch);
  return ok(providers.has(provider));
}

/** True when the operator sees the token's workspace; a developer also has to be the steward of one of `agents`. */
export async function operatorSeesToken(
  db: Database,
  operator: Operator,
  claims: CallTokenClaims,
  agents: readonly AgentId[],
): Promise<boolean> {
  if (operator.workspaces !== null) {
    const workspace = await findWorkspace(db, claims.dome.workspace);
    if (workspace === undefined || !seesWorkspace(operator, workspace)) return false;
  }
  if (operator.role !== "developer") return true;
  const rows = await Promise.all(agents.map((id) => findAgentById(db, id)));
  return rows.some((row) => row?.steward === operator.subject);
}
