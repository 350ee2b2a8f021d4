/**
 * An identity provider that answers from memory: its discovery document, its keys, and ID tokens that it signs. The
 * Worker's own `fetch` is answered in its place, so nothing leaves the machine.
 *
 *     const idp = await testIdp("https://login.idp.example");
 *     answering(idp);                                   // from now on; vi.restoreAllMocks() ends it
 *     await idp.sign({ sub: "ada", aud: "support-app" })
 */
import { exportJWK, generateKeyPair, SignJWT, type JWK } from "jose";
import { vi } from "vitest";

type IdClaims = Readonly<Record<string, unknown>>;

export interface TestIdp {
  readonly issuer: string;
  /** By URL. */
  documents(): Readonly<Record<string, unknown>>;
  /** @param claims over `iss`, `iat` (now) and `exp` (in ten minutes); undefined leaves one out. */
  sign(claims: IdClaims): Promise<string>;
  /** Signs with a new key from now on; the old one is published no more. */
  rotate(): Promise<void>;
}

/** @param alg as most providers sign: RS256; ES256 is quicker to make keys for. */
export async function testIdp(issuer: string, alg: "ES256" | "RS256" = "ES256"): Promise<TestIdp> {
  let [made, key] = [0, await newKey("k1", alg)];
  return {
    issuer,
    documents: () => ({
      [`${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/keys` },
      [`${issuer}/keys`]: { keys: [key.jwk] },
    }),
    sign(claims) {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: issuer, iat: now, exp: now + 600, ...claims })
        .setProtectedHeader({ typ: "JWT", alg, kid: key.kid })
        .sign(key.privateKey);
    },
    async rotate() {
      key = await newKey(`k${(made += 1) + 1}`, alg);
    },
  };
}

async function newKey(kid: string, alg: string) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg };
  return { kid, privateKey, jwk };
}

/** Answers from now on with what these providers publish at that time. @returns the addresses that are asked for. */
export const answering = (...providers: readonly TestIdp[]): readonly string[] =>
  answeringWith((address) =>
    providers.map((provider) => provider.documents()[address]).find((answer) => answer !== undefined),
  );

/** @param documentAt what stands at an address; undefined: nobody is there. */
export function answeringWith(documentAt: (address: string) => unknown): readonly string[] {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation((input) => {
    const address = input instanceof Request ? input.url : input.toString();
    asked.push(address);
    const answer = documentAt(address);
    return answer === undefined
      ? Promise.reject(new TypeError("connection refused"))
      : Promise.resolve(Response.json(answer));
  });
  return asked;
}
