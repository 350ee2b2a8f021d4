/** Signs the assertion of a user for the authorization server of a tool's server. */
import { SignJWT } from "jose";
import { ASSERTION_TYPE, userAssertionClaims, type UserAssertionClaims } from "../contract/user-assertion.ts";
import { ALGORITHM, type Signer } from "../signing/jws.ts";

/**
 * @returns the compact JWS.
 * @throws ZodError when the claims are not acceptable, Error when the signer is not one for tokens.
 */
export async function mintUserAssertion(claims: UserAssertionClaims, signer: Signer): Promise<string> {
  if (signer.use !== "token") throw new Error("an assertion must be signed with a token key");
  return new SignJWT(userAssertionClaims.parse(claims))
    .setProtectedHeader({ typ: ASSERTION_TYPE, alg: ALGORITHM, kid: signer.kid })
    .sign(signer.privateKey);
}
