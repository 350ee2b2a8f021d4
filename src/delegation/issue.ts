/** From an allowed hop to what is signed for it: the receipt of the hop, and the claims of the token. */
import { actorReceipt, type ActorReceipt } from "../contract/actor-receipt.ts";
import { callTokenClaims, type CallTokenClaims } from "../contract/call-token.ts";
import { formatScope } from "../contract/scope.ts";
import { defined } from "../kernel/defined.ts";
import type { Id, TokenId, TxnId } from "../kernel/ids.ts";
import { parseSegment } from "../signing/strict-json.ts";
import type { Hop, Subject } from "./hop.ts";
import { receiptHash } from "./receipt.ts";

export interface NewIds {
  readonly jti: TokenId;
  readonly receipt: Id<"rct">;
  /** For a subject that is not part of a transaction yet. */
  readonly txn: TxnId;
}

/** The claims of the token beyond the hop: the name of the current actor, and the state under which it was minted. */
export interface Setting {
  readonly issuer: string;
  readonly workspace: string;
  readonly name: string;
  readonly tier: string;
  readonly haltEpoch: number;
  /** For a user: how often the user had been resumed. */
  readonly userEpoch: number;
  readonly email: string | undefined;
  readonly groups: readonly string[] | undefined;
  /** Seconds since the epoch. */
  readonly now: number;
}

const heldReceipts = (subject: Subject): readonly string[] =>
  subject.kind === "token" ? (subject.claims.actor_receipts ?? []) : [];

/** The transaction: the subject's, or a new one when an agent begins to act for somebody. */
const txnOf = (subject: Subject, hop: Hop, ids: NewIds): TxnId | undefined => {
  if (subject.kind === "token" && subject.claims.txn !== undefined) return subject.claims.txn;
  return hop.act === undefined ? undefined : ids.txn;
};

/** The earlier receipts in the chain, newest first. When the holder only narrows, the newest is issued again. */
const olderReceipts = (subject: Subject, hop: Hop): readonly string[] =>
  hop.basis === null ? heldReceipts(subject).slice(1) : heldReceipts(subject);

/** The receipt of this hop; undefined when the agent acts for nobody else. */
export function receiptClaims(
  subject: Subject,
  hop: Hop,
  ids: NewIds,
  { issuer, now }: Pick<Setting, "issuer" | "now">,
): ActorReceipt | undefined {
  const txn = txnOf(subject, hop, ids);
  if (hop.act === undefined || txn === undefined) return undefined;
  const [older] = olderReceipts(subject, hop);
  const { sub, sub_profile } = hop.act;
  return {
    iss: issuer,
    sub: hop.sub,
    act: { iss: issuer, sub, sub_profile },
    iat: now,
    jti: ids.receipt,
    origin_jti: ids.jti,
    ...defined({ prh: older === undefined ? undefined : receiptHash(older) }),
    txn,
    scope: formatScope(hop.scope),
    target: hop.audience,
    basis: hop.basis ?? basisOf(heldReceipts(subject)[0]),
  };
}

/** A receipt inside a token with a valid signature is Dome's own. Its basis stays that of the hop. */
function basisOf(receipt: string | undefined): string {
  const claims = actorReceipt.safeParse(parseSegment(receipt?.split(".")[1] ?? ""));
  if (!claims.success) throw new Error("a token with an actor has no receipt of the hop");
  return claims.data.basis;
}

/**
 * @param receipt of this hop, as signed.
 * @throws ZodError when the claims contradict each other: a fault in Dome.
 */
export function exchangedClaims(
  subject: Subject,
  hop: Hop,
  ids: NewIds,
  setting: Setting,
  receipt: string | undefined,
): CallTokenClaims {
  const txn = txnOf(subject, hop, ids);
  const receipts = receipt === undefined ? undefined : [receipt, ...olderReceipts(subject, hop)];
  const provider = subject.kind === "user" ? subject.provider : subject.claims.dome.provider;
  const path = subject.kind === "user" ? [] : subject.claims.dome.path;
  const { email, groups } = setting;
  return callTokenClaims.parse({
    iss: setting.issuer,
    sub: hop.sub,
    sub_profile: provider === undefined ? "ai_agent" : "user",
    aud: hop.audience,
    exp: setting.now + hop.lifetime,
    iat: setting.now,
    jti: ids.jti,
    client_id: hop.chain[0]?.agent,
    scope: formatScope(hop.scope),
    ...defined({
      act: hop.act,
      actor_receipts: receipts,
      actor_receipts_complete: receipts && true,
      email,
      groups,
      txn,
    }),
    dome: {
      workspace: setting.workspace,
      name: setting.name,
      tier: setting.tier,
      chain: hop.chain,
      halt_epoch: setting.haltEpoch,
      ...defined({ provider, user_epoch: provider === undefined ? undefined : setting.userEpoch }),
      path: [...path, ids.jti],
    },
  });
}
