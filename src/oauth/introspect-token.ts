/**
 * Introspection (RFC 7662): whether a token is valid at this moment. Dome asks the objects instead of using leases:
 * callers of introspection do not see leases, so the answer must not be older than the question.
 *
 * A token that is unknown, expired, revoked, stopped, malformed or unrelated to the caller gets the same answer
 * (P11).
 */
import { operatorRef } from "../access/operator.ts";
import { release, type Released, type Withheld } from "../access/release.ts";
import { tokenStateOf } from "../access/token-state.ts";
import { draftRecord } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import type { CallTokenClaims } from "../contract/call-token.ts";
import type { Introspection } from "../contract/oauth.ts";
import { defined } from "../kernel/defined.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { TokenState } from "../lifecycle/admission.ts";
import type { TokenPorts } from "./ports.ts";
import {
  isUserVouchedFor,
  operatorSeesToken,
  readPresentedToken,
  type Requester,
} from "./presented-token.ts";

export interface IntrospectionRequest {
  readonly token: string;
  readonly requestId: string;
  readonly request: NonNullable<AuditDraft["request"]>;
}

/** The answer that may be given about any token to any caller: not active. */
export const INACTIVE: Introspection = { active: false };

/** @returns null: the token is not active for this caller. */
export async function introspectToken(
  ports: TokenPorts,
  requester: Requester,
  asked: IntrospectionRequest,
): Promise<Result<Released<Introspection> | null, Exclude<Withheld, { kind: "draining" | "not_admitted" }>>> {
  const read = await readPresentedToken(ports, asked.token);
  if (!read.ok) return read;
  const claims = read.value;
  if (claims === null || !(await mayAsk(ports, requester, claims))) return ok(null);
  const vouched = await isUserVouchedFor(ports, claims);
  if (!vouched.ok) return vouched;
  if (!vouched.value) return ok(null);
  const released = await release(ports, {
    value: viewOf(claims),
    evidence: readingRecord(ports, requester, asked, claims),
    state: stateOf(requester, claims),
    freshness: "always",
  });
  if (released.ok) return released;
  const { error } = released;
  return error.kind === "draining" || error.kind === "not_admitted" ? ok(null) : err(error);
}

/** The token is valid, and so is the key that asks about it, which may be another key of the same agent. */
function stateOf(requester: Requester, claims: CallTokenClaims): TokenState {
  const state = tokenStateOf(claims);
  return requester.by === "client" ? { ...state, chain: [...state.chain, requester.link] } : state;
}

async function mayAsk(ports: TokenPorts, requester: Requester, claims: CallTokenClaims): Promise<boolean> {
  const agents = claims.dome.chain.map((link) => link.agent);
  if (requester.by === "client") return agents.includes(requester.agent);
  return operatorSeesToken(ports.db, requester.operator, claims, agents);
}

/**
 * An introspection also shows for whom agents act. An operator's reading is always recorded. An agent's is recorded
 * where the token is for a user; about other tokens an agent reads only about itself and the agents that it works
 * with.
 */
function readingRecord(
  ports: TokenPorts,
  requester: Requester,
  { requestId, request }: IntrospectionRequest,
  { client_id: client, dome, jti, sub, sub_profile: profile, txn }: CallTokenClaims,
) {
  if (requester.by === "client" && profile !== "user") return null;
  return draftRecord(ports, {
    workspace: dome.workspace,
    kind: "token.introspected",
    ...(requester.by === "client"
      ? { agent: requester.agent }
      : {
          agent: client,
          operator: operatorRef(requester.operator),
        }),
    chain: dome.chain,
    target: { type: "token", id: jti },
    ...defined({ user: profile === "user" ? { id: sub } : undefined, txn }),
    request_id: requestId,
    request,
  });
}

/** The claims without the user's personal data: a caller that needs those has the token itself. */
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
    ...defined({ act: act && { ...act } }),
    dome: { workspace, name, tier, chain: chain.map((link) => ({ ...link })) },
  };
}
