/** Tokens for the cases of `Dome-Context`: as Dome signs them, and as anybody could make them. */
import {
  base64url,
  calculateJwkThumbprint,
  CompactSign,
  exportJWK,
  generateKeyPair,
  type CryptoKey,
  type JWK,
} from "jose";
import { mintDomeContext } from "../src/tokens/mint-context.ts";
import type { DomeContextClaims } from "../src/contract/dome-context.ts";

export const ISSUER = "https://dome.example";
export const AUDIENCE = "https://crm.example.com/api";
/** Seconds since the epoch. */
export const NOW = 1_795_860_000;

interface Key {
  readonly privateKey: CryptoKey;
  readonly kid: string;
  readonly published: JWK & { readonly dome_use: string };
}

async function makeKey(use: "token" | "receipt"): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { privateKey, kid, published: { ...jwk, kid, use: "sig", alg: "ES256", dome_use: use } };
}

export const [old, next, receipt, foreign] = await Promise.all([
  makeKey("token"),
  makeKey("token"),
  makeKey("receipt"),
  makeKey("token"),
]);

const ulid = (last: string): string => last.padStart(26, "0");
const AGENT = `agt_${ulid("a")}` as const;
export const OTHER = `agt_${ulid("b")}` as const;
const USER = `usr_${"u".repeat(26)}`;

export const CLAIMS: DomeContextClaims = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: AGENT,
  sub_profile: "ai_agent",
  txn: `txn_${ulid("1")}`,
  iat: NOW,
  exp: NOW + 60,
  jti: `ctx_${ulid("1")}`,
  dome: {
    workspace: { id: `wsp_${ulid("1")}`, name: "default" },
    decision_id: `dec_${ulid("1")}`,
    request_id: `req_${ulid("1")}`,
    action: "http:call",
    tool: "crm",
    operation: "GET /tickets/{id}",
    agent: { id: AGENT, name: "support-triage", owner: "ada@acme.example", tier: "standard" },
    chain: [{ agent: AGENT, name: "support-triage", tier: "standard" }],
    user: null,
    request: {
      method: "GET",
      ip: "203.0.113.7",
      country: "DE",
      user_agent: "bot/1",
      headers: { "x-tenant": "acme" },
    },
    policies: ["baseline"],
    bundle_version: "baseline-1",
  },
};
const actor = (sub: typeof AGENT) => ({ iss: ISSUER, sub, sub_profile: "ai_agent" as const });
export const FOR_A_USER: DomeContextClaims = {
  ...CLAIMS,
  sub: USER,
  sub_profile: "user",
  act: { ...actor(OTHER), act: actor(AGENT) },
  dome: {
    ...CLAIMS.dome,
    agent: { id: OTHER, name: "filer", owner: "bob@acme.example", tier: "trusted" },
    chain: [{ agent: OTHER, name: "filer", tier: "trusted" }, ...CLAIMS.dome.chain],
    user: {
      id: USER,
      provider: "okta",
      issuer: "https://login.example",
      subject: "zoë",
      email: "zoe@acme.example",
      groups: ["ops"],
    },
  },
};

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
export const segment = (value: unknown): string => base64url.encode(json(value));
export const HEADER = { alg: "ES256", typ: "dome-context+jwt", kid: old.kid };

/** A token as anybody could make it: no rule of Dome's minting holds. `undefined` leaves a member out. */
export function signed(header: object, claims: unknown = CLAIMS, key: Key = old): Promise<string> {
  const whole = { ...HEADER, ...header };
  const present = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
  const understood = Object.fromEntries(
    ("crit" in header ? (header.crit as readonly string[]) : []).map((name) => [name, true]),
  );
  return new CompactSign(json(claims))
    .setProtectedHeader(present as typeof HEADER)
    .sign(key.privateKey, { crit: understood });
}

export const genuine = (claims: DomeContextClaims, { kid, privateKey }: Key = old): Promise<string> =>
  mintDomeContext(claims, { kid, use: "token", privateKey });

export const good = await genuine(CLAIMS);
export const [head = "", payload = "", signature = ""] = good.split(".");

export async function hmac(header: object): Promise<string> {
  const text = `${segment({ ...HEADER, ...header })}.${payload}`;
  const key = await crypto.subtle.importKey(
    "raw",
    json(old.published),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const made = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
  return `${text}.${base64url.encode(made)}`;
}
