/** Credentials that must be refused, each with the one thing that is wrong with it. */
import { env } from "cloudflare:workers";
import { checksum, KEY_PREFIX, mintKey, textOf, type KeyKind } from "../../src/credentials/key-format.ts";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../../src/kernel/bytes.ts";
import { hmacSha256 } from "../../src/kernel/digest.ts";
import { systemRandom } from "../../src/kernel/random.ts";
import { openDatabase } from "../../src/storage/client.ts";
import type { CallTokenClaims } from "../../src/contract/call-token.ts";
import type { KeyUse, Signer } from "../../src/signing/jws.ts";
import { loadSigningKeys } from "../../src/tokens/signing-key-reads.ts";
import { openSigner } from "../../src/tokens/signing-key.ts";
import { derivedKeys } from "./installation.fixture.ts";

/** Right prefix, length and checksum; made by somebody without the root key. */
export const madeUpKey = (kind: KeyKind): string => textOf(KEY_PREFIX[kind], systemRandom.bytes(32));

/** Made with the root key, never stored: for instance by an installation whose database was restored. */
export const unstoredKey = async (kind: KeyKind): Promise<string> =>
  mintKey(kind, (await derivedKeys()).formKey, systemRandom);

/** One character changed, in the body. */
export const mistyped = (key: string): string =>
  key.slice(0, 20) + (key[20] === "A" ? "B" : "A") + key.slice(21);

/** One character changed, and the checksum made right again. */
export function mistypedWithChecksum(key: string): string {
  const unsummed = mistyped(key).slice(0, -6);
  return unsummed + checksum(unsummed);
}

/** The key with which this installation signs. */
export async function ownSigner(use: KeyUse): Promise<Signer> {
  const row = (await loadSigningKeys(openDatabase(env.DB))).find((key) => key.use === use);
  if (row === undefined) throw new Error(`the installation has no ${use} key yet`);
  const signer = await openSigner(row, [await derivedKeys()]);
  if (!signer.ok) throw new Error(signer.error.kind);
  return signer.value;
}

const segment = (value: unknown): string => toBase64Url(utf8(JSON.stringify(value)));
const ES256 = { name: "ECDSA", hash: "SHA-256" } as const;

/** Signs what no library would. */
export async function signRaw(key: CryptoKey, header: object, payload: object): Promise<string> {
  const input = `${segment(header)}.${segment(payload)}`;
  return `${input}.${toBase64Url(new Uint8Array(await crypto.subtle.sign(ES256, key, utf8(input))))}`;
}

export const claimsIn = (token: string): CallTokenClaims =>
  JSON.parse(fromUtf8(fromBase64Url(token.split(".")[1] ?? ""))) as CallTokenClaims;

/**
 * Hostile tokens by name, made from a good one: what they claim is what that one claims, but for what their name says.
 * @param token a call token that is accepted now.
 */
export async function hostileTokens(token: string): Promise<Readonly<Record<string, string>>> {
  const signer = await ownSigner("token");
  const receipts = await ownSigner("receipt");
  const claims = claimsIn(token);
  const header = { typ: "at+jwt", alg: "ES256", kid: signer.kid };
  const own = (head: object, change: object = {}): Promise<string> =>
    signRaw(signer.privateKey, { ...header, ...head }, { ...claims, ...change });
  const stranger = (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const strangerJwk = await crypto.subtle.exportKey("jwk", stranger.publicKey);
  const foreign = (head: object, change: object = {}): Promise<string> =>
    signRaw(stranger.privateKey, { ...header, ...head }, { ...claims, ...change });
  const published = (await loadSigningKeys(openDatabase(env.DB))).find((key) => key.kid === signer.kid);
  const hs256 = async (secret: string): Promise<string> => {
    const input = `${segment({ ...header, alg: "HS256" })}.${segment(claims)}`;
    return `${input}.${toBase64Url(hmacSha256(utf8(secret), utf8(input)))}`;
  };
  const unsigned = (alg: string): string => `${segment({ ...header, alg })}.${segment(claims)}.`;
  const now = Math.floor(Date.now() / 1000);
  const [, payload = "", signature = ""] = token.split(".");
  const link = claims.dome.chain[0];
  return {
    "alg none": unsigned("none"),
    "alg NonE": unsigned("NonE"),
    "alg none with our signature": await own({ alg: "none" }),
    "HS256 with the public key": await hs256(JSON.stringify(published?.publicJwk)),
    "HS256 with the kid": await hs256(signer.kid),
    "an unknown kid": await own({ kid: "unknown" }),
    "a kid that is SQL": await own({ kid: "' OR 1=1 --" }),
    "no kid": await own({ kid: undefined }),
    "an embedded jwk": await foreign({ jwk: strangerJwk, kid: undefined }),
    "an embedded jwk under our kid": await foreign({ jwk: strangerJwk }),
    "a jku": await foreign({ jku: "https://evil.example/jwks.json" }),
    "an x5u": await foreign({ x5u: "https://evil.example/cert.pem" }),
    "an unknown crit": await own({ crit: ["urn:example:x"], "urn:example:x": true }),
    "b64 false": await own({ crit: ["b64"], b64: false }),
    "another key under our kid": await foreign({}),
    "another issuer": await own({}, { iss: "https://evil.example" }),
    "another issuer's key and name": await foreign({ kid: "evil" }, { iss: "https://evil.example" }),
    "our issuer with a slash": await own({}, { iss: `${claims.iss}/` }),
    "another audience": await own({}, { aud: "https://other.example" }),
    "a list of audiences": await own({}, { aud: [claims.aud, "https://other.example"] }),
    "no audience": await own({}, { aud: undefined }),
    expired: await own({}, { iat: now - 600, exp: now - 300 }),
    "expires this second": await own({}, { iat: now - 300, exp: now }),
    "from the future": await own({}, { iat: now + 3600, exp: now + 3700 }),
    "longer than any": await own({}, { iat: now, exp: now + 86_400 }),
    "no expiry": await own({}, { exp: undefined }),
    "an ID token": await own({ typ: "JWT" }),
    "no typ": await own({ typ: undefined }),
    "a receipt's typ": await own({ typ: "halt-receipt+jwt" }),
    "signed with the receipt key": await signRaw(
      receipts.privateKey,
      { ...header, kid: receipts.kid },
      claims,
    ),
    "another agent's claims under the old signature": [
      segment(header),
      segment({ ...claims, scope: "surface tool:admin" }),
      signature,
    ].join("."),
    "the payload with its header exchanged": [segment({ ...header, x: 1 }), payload, signature].join("."),
    "an older epoch": await own({}, { dome: { ...claims.dome, chain: [{ ...link, epoch: 0 }] } }),
    "another halt epoch": await own({}, { dome: { ...claims.dome, halt_epoch: 99 } }),
    "an agent that never was": await own({}, unknownAgent(claims)),
    "bound to a key that is not there": await own({}, { cnf: { jkt: "x" } }),
    "two dots and nothing": "..",
    "no dots": "eyJhbGciOiJub25lIn0",
    "17 kB": `${token}${"A".repeat(17_000)}`,
  };
}

function unknownAgent(claims: CallTokenClaims): object {
  const nobody = `agt_${"0".repeat(26)}`;
  const chain = claims.dome.chain.map((link) => ({ ...link, agent: nobody }));
  return { sub: nobody, client_id: nobody, dome: { ...claims.dome, chain } };
}
