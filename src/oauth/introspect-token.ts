/**
 * Introspection (RFC 7662): what a token is worth this instant. The objects are asked, not leases: the answer is for
 * those who cannot see leases, so it must not be older than its question.
 *
 * Unknown, expired, revoked, stopped, malformed, and nothing to do with the asker are one answer (P11).
 */
import type { Introspection } from "../contract/oauth.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { NoLease } from "../access/lease-client.ts";
import { tokenStateOf } from "../access/token-state.ts";
import type { CallTokenClaims } from "../contract/call-token.ts";
import type { TokenPorts } from "./issue-token.ts";
import {
  isUserVouchedFor,
  operatorSeesToken,
  readPresentedToken,
  type TokenParty,
} from "./presented-token.ts";

const INACTIVE: Introspection = { active: false };

export async function introspectToken(
  ports: TokenPorts,
  party: TokenParty,
  token: string,
): Promise<Result<Introspection, NoLease>> {
  const read = await readPresentedToken(ports, token);
  if (!read.ok) return read;
  const claims = read.value;
  if (claims === null || !(await mayAsk(ports, party, claims))) return ok(INACTIVE);
  const { chain, workspace } = claims.dome;
  const agents = chain.map((link) => link.agent);
  const admitted = await ports.standing.admits(tokenStateOf(claims), { agents, workspace }, "always");
  if (admitted.ok) {
    const vouched = await isUserVouchedFor(ports, claims);
    if (!vouched.ok) return vouched;
    return ok(vouched.value ? viewOf(claims) : INACTIVE);
  }
  return admitted.error.kind === "no_lease" ? err({ kind: "no_lease", of: admitted.error.of }) : ok(INACTIVE);
}

async function mayAsk(ports: TokenPorts, party: TokenParty, claims: CallTokenClaims): Promise<boolean> {
  const agents = claims.dome.chain.map((link) => link.agent);
  if (party.by === "client") return agents.includes(party.agent);
  return operatorSeesToken(ports.db, party.operator, claims, agents);
}

/** What the token says, without the user's personal data: whoever needs those has the token itself. */
function viewOf({
  dome,
  email: _email,
  groups: _groups,
  cnf: _cnf,
  act,
  ...claims
}: CallTokenClaims): Introspection {
  const { workspace, name, tier, chain } = dome;
  return {
    active: true,
    token_type: "Bearer",
    ...claims,
    ...(act === undefined ? {} : { act: { ...act } }),
    dome: { workspace, name, tier, chain: chain.map((link) => ({ ...link })) },
  };
}
