/** A chain as an honest service builds it: a user or an agent, and one hop after the other. */
import type { ActorReceipt } from "../../../src/contract/actor-receipt.ts";
import type { Act, CallTokenClaims } from "../../../src/contract/call-token.ts";
import type { AgentId } from "../../../src/kernel/ids.ts";
import { receiptHash, signActorReceipt } from "../../../src/delegation/receipt.ts";
import { mintCallToken } from "../../../src/tokens/mint.ts";
import { IAT, ISSUER, type Issuer, PROVIDER, SELF, USER } from "../tokens/fixture.ts";

const ulid = (n: number, mark = "0"): string => `${mark}${String(n).padStart(25, "0")}`;
export const agent = (n: number): AgentId => `agt_${ulid(n)}`;
export const TXN = `txn_${ulid(1)}` as const;

export interface Hop {
  readonly scope: string;
  readonly target: string;
}
export interface ChainPlan {
  /** Oldest first. */
  readonly hops: readonly Hop[];
  /** Whether a user stands at the root, or agent 0. */
  readonly user: boolean;
  readonly txn?: ActorReceipt["txn"];
  /** Sets token and receipt ids apart from those of another chain. */
  readonly mark?: string;
  readonly edit?: (claims: ActorReceipt, index: number) => ActorReceipt;
  readonly editToken?: (claims: CallTokenClaims) => CallTokenClaims;
}
export interface Chain {
  readonly token: string;
  /** Newest first. */
  readonly receipts: readonly string[];
  readonly claims: CallTokenClaims;
}

export const WHOLE: Hop = { scope: "surface", target: ISSUER };

/** Agent 1 acts first for the subject, then agent 2, and so on; agent 0 is the subject when there is no user. */
export async function honestChain(issuer: Issuer, plan: ChainPlan): Promise<Chain> {
  const { hops, user, txn = TXN, mark = "0", edit = same, editToken = same } = plan;
  const sub = user ? USER : agent(0);
  const roots = user ? [] : [{ agent: agent(0), epoch: 1, key: `key_${ulid(0)}` as const }];
  const path: CallTokenClaims["dome"]["path"] = user ? [] : [`tok_${ulid(0, mark)}`];
  const receipts: string[] = [];
  let act: Act | undefined;
  let chain: CallTokenClaims["dome"]["chain"] = roots;
  for (const [index, { scope, target }] of hops.entries()) {
    const actor = { iss: ISSUER, sub: agent(index + 1), sub_profile: "ai_agent" as const };
    const jti = `tok_${ulid(index + 1, mark)}` as const;
    const older = receipts[0];
    path.push(jti);
    const claims: ActorReceipt = {
      iss: ISSUER,
      sub,
      act: actor,
      iat: IAT + index,
      jti: `rct_${ulid(index + 1, mark)}`,
      origin_jti: jti,
      ...(older === undefined ? {} : { prh: receiptHash(older) }),
      txn,
      scope,
      target,
      basis: index === 0 && user ? `idp:${PROVIDER}` : "delegates_to",
    };
    receipts.unshift(await signActorReceipt(edit(claims, index), issuer.receipt));
    act = act === undefined ? actor : { ...actor, act };
    chain = [{ agent: actor.sub, epoch: 1, key: `key_${ulid(index + 1)}` }, ...chain];
  }
  const last = hops.at(-1) ?? WHOLE;
  const claims = editToken({
    ...SELF,
    sub,
    sub_profile: user ? "user" : "ai_agent",
    aud: last.target,
    scope: last.scope,
    jti: path.at(-1) ?? SELF.jti,
    client_id: agent(hops.length),
    ...(act === undefined ? {} : { act }),
    actor_receipts: receipts,
    actor_receipts_complete: true,
    txn,
    dome: { ...SELF.dome, chain, path, ...(user ? { provider: PROVIDER } : {}) },
  });
  return { claims, receipts, token: await mintCallToken(claims, issuer.token) };
}

const same = <T>(value: T): T => value;
