/** Signs the context of one call for the server behind a tool. What is in it was decided and gathered before. */
import { SignJWT } from "jose";
import { CONTEXT_TYPE, domeContextClaims, type DomeContextClaims } from "../contract/dome-context.ts";
import { ALGORITHM, type Signer } from "../signing/jws.ts";

/**
 * @returns the compact JWS.
 * @throws ZodError when the claims contradict each other, Error when the signer is not one for tokens.
 */
export async function mintDomeContext(claims: DomeContextClaims, signer: Signer): Promise<string> {
  // Evidence keys stay published for years; what only lives for a minute must not outlive its key.
  if (signer.use !== "token") throw new Error("a call context must be signed with a token key");
  return new SignJWT(domeContextClaims.parse(claims))
    .setProtectedHeader({ typ: CONTEXT_TYPE, alg: ALGORITHM, kid: signer.kid })
    .sign(signer.privateKey);
}
