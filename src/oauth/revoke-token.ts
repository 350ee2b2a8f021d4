/**
 * Revocation (RFC 7009): the token and everything exchanged from it are dead. The revocation commits in the object
 * of the agent that the token was issued to; that agent is part of every chain made from it. It is effective
 * everywhere within the bound of a lease, and at introspection at once.
 *
 * Possession of an API key is enough to revoke it: its agent, or a person who found it, could otherwise act with
 * it. The caller needs no other right: the agent may be stopped, or not activated yet. An unknown key and a dead
 * one get the same answer (P11).
 */
import { identifyKey } from "../access/authenticate.ts";
import { draftRecord } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { defined } from "../kernel/defined.ts";
import type { AgentId, HaltId, KeyId, TokenId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { NoLease } from "../access/lease-client.ts";
import { operatorRef } from "../access/operator.ts";
import type { TokenPorts } from "./ports.ts";
import { operatorSeesToken, readPresentedToken, type Requester } from "./presented-token.ts";

export interface RevocationRequest {
  readonly token: string;
  readonly requestId: string;
  readonly request: NonNullable<AuditDraft["request"]>;
}

/** The part of an agent's object that revocation needs. */
interface RevokingOwner {
  revokeToken(command: {
    readonly jti: TokenId;
    /** Milliseconds since the epoch: tokens exchanged from it expire no later (P6). */
    readonly expiresAt: number;
    readonly audit: AuditDraft;
  }): Promise<unknown>;
  revokeKey(command: {
    readonly key: KeyId;
    readonly meta: {
      readonly operator: { readonly subject: string; readonly token: string };
      readonly request: null;
      readonly requestId: string;
    };
    readonly halt: HaltId;
    readonly audit: AuditDraft;
  }): Promise<Result<unknown, { readonly kind: string }>>;
}

/** Where the owner objects are found. */
interface RevokingOwners {
  agent(id: AgentId): RevokingOwner;
}

export type RevocationRefusal =
  | NoLease
  /** An operator token, which another command revokes. */
  | { readonly kind: "unsupported_token_type" }
  | { readonly kind: "not_yours" };

export async function revokeToken(
  ports: TokenPorts,
  owners: RevokingOwners,
  requester: Requester,
  { token, requestId, request }: RevocationRequest,
): Promise<Result<void, RevocationRefusal>> {
  if (token.startsWith("dome_ot_")) return err({ kind: "unsupported_token_type" });
  if (token.startsWith("dome_at_")) {
    return revokeHeldKey(ports, owners, requester, { token, requestId, request });
  }
  const read = await readPresentedToken(ports, token);
  if (!read.ok) return read;
  const claims = read.value;
  if (claims === null) return ok(undefined); // RFC 7009 §2.2: what is no token is as dead as wished
  const { client_id: client, jti, dome } = claims;
  const mine =
    requester.by === "client"
      ? requester.agent === client
      : await operatorSeesToken(ports.db, requester.operator, claims, [client]);
  if (!mine) return err({ kind: "not_yours" });
  // An object without a row refuses every token of its agent, so nothing needs to be done.
  await owners.agent(client).revokeToken({
    jti,
    expiresAt: claims.exp * 1000,
    audit: draftRecord(ports, {
      workspace: dome.workspace,
      kind: "token.revoked",
      agent: client,
      chain: dome.chain,
      target: { type: "token", id: jti },
      ...defined({ user: claims.sub_profile === "user" ? { id: claims.sub } : undefined, txn: claims.txn }),
      request_id: requestId,
      request,
      ...defined({
        operator: requester.by === "operator" ? operatorRef(requester.operator) : undefined,
      }),
      data: { expires_at: new Date(claims.exp * 1000).toISOString() },
    }),
  });
  return ok(undefined);
}

/** @param requester null: the key itself is the only authority for its revocation. */
export async function revokeHeldKey(
  ports: TokenPorts,
  owners: RevokingOwners,
  requester: Requester | null,
  { token, requestId, request }: RevocationRequest,
): Promise<Result<void, RevocationRefusal>> {
  const known = await identifyKey(ports, token);
  if (known === undefined) return ok(undefined);
  const presenter = requester?.by === "client" ? requester.agent : known.agent;
  const by =
    requester?.by === "operator" ? operatorRef(requester.operator) : { subject: presenter, token: known.key };
  const revoked = await owners.agent(known.agent).revokeKey({
    key: known.key,
    meta: { operator: by, request: null, requestId },
    halt: ports.ids.next("hlt"),
    audit: draftRecord(ports, {
      workspace: known.workspace,
      kind: "key.revoked",
      agent: known.agent,
      target: { type: "key", id: known.key },
      reason: "presented for revocation",
      request_id: requestId,
      request,
      ...(requester?.by === "operator" ? { operator: by } : { data: { presented_by: presenter } }),
    }),
  });
  // Without an object or a row the key is dead already. An undecided result is requested again.
  const isUndone = !revoked.ok && revoked.error.kind !== "absent" && revoked.error.kind !== "key_absent";
  return isUndone ? err({ kind: "no_lease", of: "agent" }) : ok(undefined);
}
