/** The last steps before a token is released: its lifetime, and a check that the doors will accept it. */
import type { LeaseClient, NoLease } from "../access/lease-client.ts";
import type { CallTokenClaims } from "../contract/call-token.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Link } from "../lifecycle/admission.ts";
import { keyEndOf } from "../lifecycle/lease.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import { MAX_JWS_LENGTH, type Signer } from "../signing/jws.ts";
import { mintCallToken } from "../tokens/mint.ts";

/** No door would accept the token: it has too many groups and receipts. */
export interface TokenTooLarge {
  readonly kind: "token_too_large";
  /** Its length in characters, and the maximum. */
  readonly length: number;
  readonly most: number;
}

/**
 * Signs a token that the doors will accept: the doors use the same limit.
 * @throws ZodError when the claims contradict each other: a fault in Dome.
 */
export async function mintToken(
  claims: CallTokenClaims,
  signer: Signer,
): Promise<Result<string, TokenTooLarge>> {
  const token = await mintCallToken(claims, signer);
  const { length } = token;
  return length > MAX_JWS_LENGTH ? err({ kind: "token_too_large", length, most: MAX_JWS_LENGTH }) : ok(token);
}

/**
 * The earliest known end of a chain: of each agent, and of each key under which its part was minted. The `exp` of a
 * token is never later, so that a reader that checks only the signature stops trusting it too.
 * @param links with `agents`, which are the registered ones of the same chain.
 * @returns seconds since the epoch; `Infinity` where nothing has an end.
 */
export async function endOfChain(
  leases: LeaseClient,
  links: readonly Link[],
  agents: readonly RegisteredAgent[],
): Promise<Result<number, NoLease>> {
  const ends = agents.map(({ expiresAt }) => expiresAt ?? Infinity);
  for (const { agent, key } of links) {
    const lease = await leases.agent(agent);
    if (!lease.ok) return lease;
    ends.push(keyEndOf(lease.value, key));
  }
  return ok(Math.floor(Math.min(...ends) / 1000));
}
