/**
 * The trail's records of exchanges. Tokens appear there as hashes, because a log of tokens would be a store of
 * tokens.
 */
import { draftRecord } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import type { CallTokenClaims } from "../contract/call-token.ts";
import type { Hop, HopRefusal, Subject } from "../delegation/hop.ts";
import { GROUPS_OVERAGE, type VerifiedUser } from "../identity/provider.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { defined } from "../kernel/defined.ts";
import { sha256Sync } from "../kernel/digest.ts";
import { err, type Result } from "../kernel/result.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import type { ExchangeParameters } from "./exchange-request.ts";
import type { SubjectRefusal } from "./exchange-subject.ts";
import type { TokenPorts, TokenRequest } from "./ports.ts";
import type { ActorRefusal } from "./subject-token.ts";

/** The fault in the tokens, or in the right to use them. */
export type RecordedRefusal =
  | SubjectRefusal
  | { readonly kind: "actor"; readonly why: Exclude<ActorRefusal["kind"], "no_lease" | "draining"> }
  | { readonly kind: "hop"; readonly why: HopRefusal };

const hashOf = (token: string): string => toHex(sha256Sync(utf8(token)));

/** The record that must be durable before the token is released. */
export function exchangedRecord(
  ports: TokenPorts,
  asked: TokenRequest,
  { subjectToken, subjectType, actorToken }: ExchangeParameters,
  made: {
    readonly subject: Subject;
    readonly hop: Hop;
    readonly claims: CallTokenClaims;
    readonly receipt: string | undefined;
    readonly user: VerifiedUser | null;
  },
) {
  const { subject, hop, claims, receipt, user } = made;
  const held = subject.kind === "token" ? subject.claims : undefined;
  const { email, txn } = claims;
  return draftRecord(ports, {
    workspace: claims.dome.workspace,
    kind: "token.exchanged",
    agent: claims.client_id,
    chain: claims.dome.chain,
    target: { type: "token", id: claims.jti },
    ...defined({
      user:
        claims.sub_profile === "user"
          ? { id: claims.sub, ...defined({ issuer: user?.issuer, subject: user?.subject, email }) }
          : undefined,
      txn,
    }),
    request_id: asked.requestId,
    request: asked.request,
    data: {
      subject_jti: held?.jti ?? null,
      subject_type: subjectType,
      subject_hash: hashOf(subjectToken),
      ...defined({ actor_hash: actorToken === undefined ? undefined : hashOf(actorToken) }),
      scope: claims.scope,
      scope_before: held?.scope ?? null,
      audience: claims.aud,
      audience_before: held?.aud ?? null,
      expires_in: hop.lifetime,
      basis: hop.basis,
      receipt: receipt ?? null,
      path: claims.dome.path,
      ...defined({ groups: user?.groupsOverage === true ? GROUPS_OVERAGE : undefined }),
    },
  });
}

/**
 * A refused exchange of a known client is recorded: by which client, from which token, and why. The caller is
 * answered whether or not the record could be stored, because nothing was released.
 */
export async function recordRefusal<R extends RecordedRefusal>(
  ports: TokenPorts,
  asked: TokenRequest,
  agent: RegisteredAgent,
  subject: Subject | null,
  refusal: R,
): Promise<Result<never, R>> {
  const held = subject?.kind === "token" ? subject.claims : undefined;
  await ports.sink.record(
    draftRecord(ports, {
      workspace: agent.workspaceId,
      kind: "token.exchange_refused",
      agent: agent.id,
      ...defined({ chain: held?.dome.chain, txn: held?.txn, user: userOf(subject) }),
      reason: `${refusal.kind}_${reasonOf(refusal)}`,
      request_id: asked.requestId,
      request: asked.request,
      data: { subject_jti: held?.jti ?? null },
    }),
  );
  return err(refusal);
}

function reasonOf(refusal: RecordedRefusal): string {
  if (refusal.kind === "hop") return refusal.why.kind;
  return refusal.kind === "subject" ? refusal.detail : refusal.why;
}

const userOf = (subject: Subject | null): AuditDraft["user"] => {
  if (subject?.kind === "user") return { id: subject.id };
  return subject?.claims.sub_profile === "user" ? { id: subject.claims.sub } : undefined;
};
