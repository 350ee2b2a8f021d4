/**
 * Writes sdk/conformance/context.json: tokens in `Dome-Context`, and what every SDK must say of them. The keys are made
 * anew and thrown away, so what is checked in signs nothing.
 *
 *   node scripts/context-cases.ts
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { base64url } from "jose";
import { format } from "prettier";
import {
  AUDIENCE,
  CLAIMS,
  FOR_A_USER,
  foreign,
  genuine,
  good,
  head,
  HEADER,
  hmac,
  ISSUER,
  next,
  NOW,
  old,
  OTHER,
  payload,
  receipt,
  segment,
  signature,
  signed,
} from "./context-tokens.ts";

/** Every code that is expected is a word of the SDKs; `null`: it counts. */
const ONE_TOKEN: readonly [name: string, token: string | null, code: string | null][] = [
  ["takes what Dome signs", good, null],
  ["takes a user, a chain and text that is not ASCII", await genuine(FOR_A_USER), null],
  [
    "takes the type as a whole media type, in any case",
    await signed({ typ: "application/DOME-CONTEXT+JWT" }),
    null,
  ],
  [
    "takes members that a later version adds",
    await signed({}, { ...CLAIMS, later: 1, dome: { ...CLAIMS.dome, later: {} } }),
    null,
  ],
  ["refuses a call without a context", null, "context_missing"],
  ["refuses an empty one", "", "context_missing"],
  ["refuses a call token in its place", await signed({ typ: "at+jwt" }), "context_wrong_type"],
  ["refuses a receipt in its place", await signed({ typ: "actor-receipt+jwt" }), "context_wrong_type"],
  ["refuses a token without a type", await signed({ typ: undefined }), "context_wrong_type"],
  [
    "refuses a token without a signature",
    `${segment({ ...HEADER, alg: "none" })}.${payload}.`,
    "context_wrong_algorithm",
  ],
  [
    "refuses alg none with a signature",
    `${segment({ ...HEADER, alg: "none" })}.${payload}.${signature}`,
    "context_wrong_algorithm",
  ],
  [
    "refuses another algorithm under the same key",
    `${segment({ ...HEADER, alg: "ES384" })}.${payload}.${signature}`,
    "context_wrong_algorithm",
  ],
  ["refuses a MAC with the public key", await hmac({ alg: "HS256" }), "context_malformed"],
  ["refuses a MAC that claims to be a signature", await hmac({}), "context_malformed"],
  [
    "refuses another issuer, although the key is right",
    await signed({}, { ...CLAIMS, iss: "https://other.example" }),
    "context_wrong_issuer",
  ],
  [
    "refuses the issuer in another spelling",
    await signed({}, { ...CLAIMS, iss: `${ISSUER}/` }),
    "context_wrong_issuer",
  ],
  [
    "refuses what is for another server",
    await genuine({ ...CLAIMS, aud: "https://other.example.com" }),
    "context_wrong_audience",
  ],
  [
    "refuses the audience in another spelling",
    await genuine({ ...CLAIMS, aud: `${AUDIENCE}/` }),
    "context_wrong_audience",
  ],
  [
    "refuses several audiences",
    await signed({}, { ...CLAIMS, aud: [AUDIENCE, "https://other.example.com"] }),
    "context_wrong_audience",
  ],
  ["refuses what has expired", await genuine({ ...CLAIMS, iat: NOW - 65, exp: NOW - 5 }), "context_expired"],
  [
    "takes what has expired within the tolerance",
    await genuine({ ...CLAIMS, iat: NOW - 64, exp: NOW - 4 }),
    null,
  ],
  [
    "refuses what was issued later",
    await genuine({ ...CLAIMS, iat: NOW + 6, exp: NOW + 66 }),
    "context_not_yet_valid",
  ],
  [
    "takes what was issued later within the tolerance",
    await genuine({ ...CLAIMS, iat: NOW + 5, exp: NOW + 65 }),
    null,
  ],
  ["refuses what begins later", await signed({}, { ...CLAIMS, nbf: NOW + 6 }), "context_not_yet_valid"],
  [
    "refuses what lives longer than a minute",
    await signed({}, { ...CLAIMS, exp: NOW + 61 }),
    "context_malformed",
  ],
  ["refuses what has no end", await signed({}, { ...CLAIMS, exp: undefined }), "context_malformed"],
  ["refuses what has no beginning", await signed({}, { ...CLAIMS, iat: undefined }), "context_malformed"],
  [
    "refuses a time that is a text",
    await signed({}, { ...CLAIMS, exp: String(NOW + 60) }),
    "context_malformed",
  ],
  [
    "refuses what names no agent",
    await signed({}, { ...CLAIMS, dome: { ...CLAIMS.dome, agent: null } }),
    "context_malformed",
  ],
  [
    "refuses an empty chain",
    await signed({}, { ...CLAIMS, dome: { ...CLAIMS.dome, chain: [] } }),
    "context_malformed",
  ],
  [
    "refuses what does not say whether there is a user",
    await signed({}, { ...CLAIMS, dome: { ...CLAIMS.dome, user: undefined } }),
    "context_malformed",
  ],
  ["refuses claims that are a list", await signed({}, [CLAIMS]), "context_malformed"],
  [
    "refuses a key that the token brings along",
    await signed({ jwk: foreign.published, kid: foreign.kid }, CLAIMS, foreign),
    "context_malformed",
  ],
  [
    "refuses an address of keys in the token",
    await signed({ jku: "https://evil.example/keys" }),
    "context_malformed",
  ],
  [
    "refuses an extension that must be understood",
    await signed({ crit: ["exp"], exp: NOW + 60 }),
    "context_malformed",
  ],
  [
    "refuses a key that nobody publishes",
    await signed({ kid: foreign.kid }, CLAIMS, foreign),
    "context_unknown_key",
  ],
  ["refuses a token without a key id", await signed({ kid: undefined }), "context_unknown_key"],
  ["refuses a key id that is a path", await signed({ kid: "../../keys" }), "context_unknown_key"],
  ["refuses a key of evidence", await signed({ kid: receipt.kid }, CLAIMS, receipt), "context_unknown_key"],
  [
    "refuses another key under the id of a right one",
    await signed({}, CLAIMS, foreign),
    "context_bad_signature",
  ],
  [
    "refuses claims that were changed",
    `${head}.${segment({ ...CLAIMS, sub: OTHER })}.${signature}`,
    "context_bad_signature",
  ],
  [
    "refuses a header that was changed",
    `${segment({ ...HEADER, later: 1 })}.${payload}.${signature}`,
    "context_bad_signature",
  ],
  ["refuses two parts", `${head}.${payload}`, "context_malformed"],
  ["refuses four parts", `${good}.${signature}`, "context_malformed"],
  ["refuses a space around it", ` ${good}`, "context_malformed"],
  ["refuses a line end after it", `${good}\n`, "context_malformed"],
  ["refuses padding", `${good}=`, "context_malformed"],
  ["refuses a signature in DER", `${head}.${payload}.${signature}AAAAAAAA`, "context_malformed"],
  [
    "refuses a header that is no JSON",
    `${base64url.encode("{")}.${payload}.${signature}`,
    "context_malformed",
  ],
  ["refuses a header that is no object", `${segment([])}.${payload}.${signature}`, "context_malformed"],
  ["refuses what is too long", `${head}.${"A".repeat(16_384)}.${signature}`, "context_malformed"],
];

/** `down`: no connection. `moved`: a redirect. */
type Served = "old" | "new" | "mixed" | "down" | "moved" | "huge" | "page";
interface Step {
  /** Seconds since the case began, by the monotonic clock; the time of day stands still. */
  readonly at: number;
  readonly served: Served;
  readonly token: string | null;
  /** Null: it counts. */
  readonly code: string | null;
  /** How often the keys have been fetched so far. */
  readonly fetches: number;
}

const later = await genuine(CLAIMS, next);
const invented = await Promise.all(["x1", "x2", "x3"].map((kid) => signed({ kid })));
const [x1 = "", x2 = "", x3 = ""] = invented;
const step = (
  at: number,
  served: Served,
  token: string | null,
  code: string | null,
  fetches: number,
): Step => ({
  at,
  served,
  token,
  code,
  fetches,
});

const OVER_TIME: readonly { readonly name: string; readonly steps: readonly Step[] }[] = [
  {
    name: "finds a key that was unknown, once the keys may be looked for again",
    steps: [
      step(0, "old", later, "context_unknown_key", 1),
      step(29, "new", later, "context_unknown_key", 1),
      step(30, "new", later, null, 2),
      step(31, "new", later, null, 2),
    ],
  },
  {
    name: "makes no traffic for key ids that somebody makes up",
    steps: [
      step(0, "old", x1, "context_unknown_key", 1),
      step(1, "old", x2, "context_unknown_key", 1),
      step(2, "old", x3, "context_unknown_key", 1),
      step(3, "old", good, null, 1),
    ],
  },
  {
    name: "drops a key that the service publishes no more, within five minutes",
    steps: [
      step(0, "old", good, null, 1),
      step(299, "new", good, null, 1),
      step(300, "new", good, "context_unknown_key", 2),
    ],
  },
  {
    name: "fails closed when the keys are too old and cannot be fetched, and recovers",
    steps: [
      step(0, "old", good, null, 1),
      step(300, "down", good, "keys_unavailable", 2),
      step(300.5, "old", good, "keys_unavailable", 2),
      step(301, "old", good, null, 3),
    ],
  },
  {
    name: "goes on with the keys that it has when an unknown one cannot be looked for",
    steps: [
      step(0, "old", good, null, 1),
      step(60, "down", later, "context_unknown_key", 2),
      step(61, "down", good, null, 2),
      step(62, "down", later, "context_unknown_key", 2),
    ],
  },
  {
    name: "passes over keys of other kinds",
    steps: [step(0, "mixed", good, null, 1)],
  },
  { name: "has no keys where nobody answers", steps: [step(0, "down", good, "keys_unavailable", 1)] },
  { name: "follows no redirect to other keys", steps: [step(0, "moved", good, "keys_unavailable", 1)] },
  { name: "reads no endless list of keys", steps: [step(0, "huge", good, "keys_unavailable", 1)] },
  { name: "takes no page for keys", steps: [step(0, "page", good, "keys_unavailable", 1)] },
  {
    name: "does not remember what it has seen: a server that must not be asked twice keeps the ids",
    steps: [step(0, "old", good, null, 1), step(1, "old", good, null, 1)],
  },
  {
    name: "asks for no keys for what is malformed, or of another kind",
    steps: [
      step(0, "old", "x", "context_malformed", 0),
      step(1, "old", await signed({ typ: "at+jwt" }), "context_wrong_type", 0),
    ],
  },
];

const cases = [
  ...ONE_TOKEN.map(([name, token, code]) => ({ name, steps: [{ at: 0, served: "old", token, code }] })),
  ...OVER_TIME,
];

const { kid: _kid, ...unnamed } = foreign.published;
const document = {
  issuer: ISSUER,
  audience: AUDIENCE,
  now: NOW,
  keys: {
    old: { keys: [old.published, receipt.published] },
    new: { keys: [next.published, receipt.published] },
    mixed: {
      keys: [
        { kty: "RSA", kid: "r", use: "sig", alg: "RS256", n: "AQAB", e: "AQAB", dome_use: "token" },
        { kty: "OKP", crv: "Ed25519", kid: "e", use: "sig", alg: "EdDSA", x: "AA", dome_use: "token" },
        unnamed,
        { ...foreign.published, use: "enc" },
        old.published,
      ],
    },
  },
  /** What is read from the token of the second case. */
  claims: FOR_A_USER,
  cases,
};
const path = join(dirname(dirname(fileURLToPath(import.meta.url))), "sdk/conformance/context.json");
writeFileSync(path, await format(JSON.stringify(document), { parser: "json", printWidth: 110 }));
