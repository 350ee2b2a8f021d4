/**
 * Signs call tokens. The right to a token was decided before; this code only refuses to sign claims that the
 * verifier would not accept.
 */
import { SignJWT } from "jose";
import { callTokenClaims, TOKEN_TYPE, type CallTokenClaims } from "../contract/call-token.ts";
import { ALGORITHM, type Signer } from "../signing/jws.ts";

/** An agent that acts for itself: no user, no other agent (design part 7, `client_credentials`). */
interface SelfToken {
  readonly issuer: string;
  readonly audience: string;
  readonly scope: string;
  /** The new token's `tok_` id. */
  readonly jti: string;
  readonly agent: { readonly id: string; readonly name: string; readonly tier: string };
  readonly workspace: string;
  /** The state in the current leases; any later difference refuses the token. */
  readonly epoch: number;
  readonly haltEpoch: number;
  /** The id of the API key that was presented. The token ends when the key does. */
  readonly key: string;
  /** Seconds, at most 300. */
  readonly lifetime: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Claims for an agent that acts for itself.
 * @throws ZodError when they are not acceptable: a fault of the caller.
 */
export function selfClaims(token: SelfToken): CallTokenClaims {
  const iat = Math.floor(token.now / 1000);
  return callTokenClaims.parse({
    iss: token.issuer,
    sub: token.agent.id,
    sub_profile: "ai_agent",
    aud: token.audience,
    exp: iat + token.lifetime,
    iat,
    jti: token.jti,
    client_id: token.agent.id,
    scope: token.scope,
    dome: {
      workspace: token.workspace,
      name: token.agent.name,
      tier: token.agent.tier,
      chain: [{ agent: token.agent.id, epoch: token.epoch, key: token.key }],
      halt_epoch: token.haltEpoch,
      path: [token.jti],
    },
  });
}

/**
 * @returns the compact JWS.
 * @throws ZodError when the claims contradict each other, Error when the signer is not one for tokens.
 */
export async function mintCallToken(claims: CallTokenClaims, signer: Signer): Promise<string> {
  if (signer.use !== "token") throw new Error("a call token must be signed with a token key");
  return new SignJWT(callTokenClaims.parse(claims))
    .setProtectedHeader({ typ: TOKEN_TYPE, alg: ALGORITHM, kid: signer.kid })
    .sign(signer.privateKey);
}
