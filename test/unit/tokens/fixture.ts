/** Keys, claims and hand-made tokens for the tests of this room. */
import { createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import { toBase64Url, utf8 } from "../../../src/kernel/bytes.ts";
import { systemRandom } from "../../../src/kernel/random.ts";
import type { CallTokenClaims } from "../../../src/contract/call-token.ts";
import type { KeySet, KeyUse, Signer } from "../../../src/signing/jws.ts";
import { mintCallToken } from "../../../src/tokens/mint.ts";
import {
  generateSigningKey,
  keySetAt,
  openSigner,
  type SigningKey,
} from "../../../src/tokens/signing-key.ts";
import { verifyCallToken, type VerifyOptions } from "../../../src/tokens/verify.ts";

export const ISSUER = "https://dome.example";
export const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);
export const IAT = NOW / 1000;
export const ENVELOPE_KEYS = [{ version: "00000001", envelope: new Uint8Array(32).fill(1) }] as const;

const ulid = (last: string): string => last.padStart(26, "0");
export const AGENT_A = `agt_${ulid("a")}` as const;
export const AGENT_B = `agt_${ulid("b")}` as const;
export const USER = `usr_${"u".repeat(26)}`;
export const KEY_A = `key_${ulid("a")}` as const;
const KEY_B = `key_${ulid("b")}` as const;
export const PROVIDER = `idp_${ulid("1")}` as const;
export const TOKEN_1 = `tok_${ulid("1")}` as const;
export const TOKEN_2 = `tok_${ulid("2")}` as const;

/** An agent that acts for itself. */
export const SELF: CallTokenClaims = {
  iss: ISSUER,
  sub: AGENT_A,
  sub_profile: "ai_agent",
  aud: ISSUER,
  exp: IAT + 300,
  iat: IAT,
  jti: TOKEN_1,
  client_id: AGENT_A,
  scope: "surface",
  dome: {
    workspace: `wsp_${ulid("1")}`,
    name: "support-triage",
    tier: "standard",
    chain: [{ agent: AGENT_A, epoch: 1, key: KEY_A }],
    halt_epoch: 0,
    path: [TOKEN_1],
  },
};

/** A user, for whom agent A acted, for whom agent B acts. */
export const DELEGATED: CallTokenClaims = {
  ...SELF,
  sub: USER,
  sub_profile: "user",
  jti: TOKEN_2,
  client_id: AGENT_B,
  act: {
    iss: ISSUER,
    sub: AGENT_B,
    sub_profile: "ai_agent",
    act: { iss: ISSUER, sub: AGENT_A, sub_profile: "ai_agent" },
  },
  dome: {
    ...SELF.dome,
    chain: [
      { agent: AGENT_B, epoch: 3, key: KEY_B },
      { agent: AGENT_A, epoch: 1, key: KEY_A },
    ],
    path: [TOKEN_1, TOKEN_2],
    provider: PROVIDER,
  },
};

export interface Issuer {
  readonly rows: readonly SigningKey[];
  readonly token: Signer;
  readonly receipt: Signer;
  readonly keySet: KeySet;
}

/** One key of each use, valid at `NOW`. */
export async function makeIssuer(): Promise<Issuer> {
  const made = async (use: KeyUse): Promise<[SigningKey, Signer]> => {
    const row = await generateSigningKey(
      use,
      { createdAt: NOW, notBefore: NOW },
      ENVELOPE_KEYS,
      systemRandom,
    );
    const signer = await openSigner(row, ENVELOPE_KEYS);
    if (!signer.ok) throw new Error(signer.error.kind);
    return [row, signer.value];
  };
  const [tokenRow, token] = await made("token");
  const [receiptRow, receipt] = await made("receipt");
  const rows = [tokenRow, receiptRow];
  return { rows, token, receipt, keySet: keySetAt(rows, NOW) };
}

export const mint = (issuer: Issuer, change: Partial<CallTokenClaims> = {}): Promise<string> =>
  mintCallToken({ ...SELF, ...change }, issuer.token);

export const BASE64URL: readonly string[] = Array.from(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
);

export const encode = (value: unknown): string =>
  toBase64Url(utf8(typeof value === "string" ? value : JSON.stringify(value)));

/** A key pair under `kid`, and a signer that signs any header and payload with it: what a library would not. */
export function rawIssuer(kid = "raw-key", use: KeyUse = "token") {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = pair.publicKey.export({ format: "jwk" });
  const jwk = { kty: "EC", crv: "P-256", x, y };
  const keySet: KeySet = { version: kid, keys: new Map([[kid, { use, key: jwk }]]) };
  return {
    kid,
    jwk,
    pair,
    keySet,
    header: { typ: "at+jwt", alg: "ES256", kid },
    sign: (header: unknown, payload: unknown): string =>
      signRaw(pair.privateKey, encode(header), encode(payload)),
  };
}

export function signRaw(key: KeyObject, header: string, payload: string, hash = "sha256"): string {
  const signature = createSign(hash).update(`${header}.${payload}`).sign({ key, dsaEncoding: "ieee-p1363" });
  return `${header}.${payload}.${toBase64Url(signature)}`;
}

/** `accepted`, or why not; for claims the first member at fault. */
export async function verdict(token: string, options: VerifyOptions): Promise<string> {
  const result = await verifyCallToken(token, options);
  if (result.ok) return "accepted";
  return result.error.kind === "bad_claims" ? `bad_claims ${result.error.member}` : result.error.kind;
}

/** What a token says once it is verified. */
export async function claimsOf(token: string, options: VerifyOptions): Promise<CallTokenClaims> {
  const result = await verifyCallToken(token, options);
  if (!result.ok) throw new Error(result.error.kind);
  return result.value.claims;
}
