/**
 * Signing keys of this issuer. They are made here, and the private half is sealed under the root key (P4). Times
 * decide their life. A key is published before it signs and after it has signed, so that a verifier with a cached
 * JWKS knows every `kid`. A compromised key is removed at once. Receipt keys are never removed by age: evidence
 * outlives tokens.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from "jose";
import { z } from "zod";
import type { Random } from "../kernel/random.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { open, seal, type EnvelopeKey, type EnvelopeRefusal } from "../secrets/envelope.ts";
import { MAX_LIFETIME_S } from "../contract/call-token.ts";
import { ALGORITHM, type KeySet, type KeyUse, type Signer, type VerificationKey } from "../signing/jws.ts";

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
/** Strict, so that a private member can never be stored or published by mistake. */
export const PublicJwk = z.strictObject({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: coordinate,
  y: coordinate,
});
export type PublicJwk = z.output<typeof PublicJwk>;
const PrivateJwk = PublicJwk.extend({ d: coordinate });

/** All times in milliseconds since the epoch. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly use: KeyUse;
  readonly publicJwk: PublicJwk;
  readonly sealedPrivate: string;
  readonly createdAt: number;
  /** When it may begin to sign; it is published before. */
  readonly notBefore: number;
  /** When it ceases to sign; null: when a successor takes over. */
  readonly retireAt: number | null;
  readonly compromisedAt: number | null;
}

/** A retired token key stays published until its last token has expired, and as long again for clocks that differ. */
const PUBLISHED_AFTER_MS = 2 * MAX_LIFETIME_S * 1000;

/** @param notBefore at least one JWKS cache life after `createdAt` where a key of this use already signs. */
export async function generateSigningKey(
  use: KeyUse,
  times: { readonly createdAt: number; readonly notBefore: number },
  envelopeKeys: readonly [EnvelopeKey, ...EnvelopeKey[]],
  random: Random,
): Promise<SigningKey> {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true });
  const { kty, crv, x, y, d } = await exportJWK(pair.privateKey);
  const publicJwk = PublicJwk.parse({ kty, crv, x, y });
  const kid = await calculateJwkThumbprint(publicJwk);
  const privateJwk = JSON.stringify(PrivateJwk.parse({ ...publicJwk, d }));
  const sealedPrivate = await seal(envelopeKeys, privateJwk, contextOf(use, kid), random);
  return { kid, use, publicJwk, sealedPrivate, ...times, retireAt: null, compromisedAt: null };
}

/** Opens the private half, which cannot be extracted afterwards. */
export async function openSigner(
  key: Pick<SigningKey, "kid" | "use" | "sealedPrivate">,
  envelopeKeys: readonly EnvelopeKey[],
): Promise<Result<Signer, EnvelopeRefusal>> {
  const { kid, use } = key;
  const opened = await open(envelopeKeys, key.sealedPrivate, contextOf(use, kid));
  if (!opened.ok) return opened;
  const jwk = PrivateJwk.safeParse(JSON.parse(opened.value));
  if (!jwk.success) return err({ kind: "malformed" });
  return ok({ kid, use, privateKey: await importJWK(jwk.data, ALGORITHM, { extractable: false }) });
}

/** The same key with its private half sealed under the newest root-key version. */
export async function resealSigningKey(
  key: SigningKey,
  envelopeKeys: readonly [EnvelopeKey, ...EnvelopeKey[]],
  random: Random,
): Promise<Result<SigningKey, EnvelopeRefusal>> {
  const context = contextOf(key.use, key.kid);
  const opened = await open(envelopeKeys, key.sealedPrivate, context);
  if (!opened.ok) return opened;
  return ok({ ...key, sealedPrivate: await seal(envelopeKeys, opened.value, context, random) });
}

/**
 * The key that signs at `now`: the one in force, or, when none is yet, the one that will be first. Such a key was
 * made while a clock was ahead, and is published already. To wait for its time would stop every token until then.
 */
export function signingKeyAt<K extends SigningKey>(
  keys: readonly K[],
  use: KeyUse,
  now: number,
): K | undefined {
  return (
    keyInForce(keys, use, now) ??
    keys
      .filter((key) => key.use === use && key.compromisedAt === null && key.notBefore > now)
      .toSorted((a, b) => a.notBefore - b.notBefore || a.kid.localeCompare(b.kid))[0]
  );
}

/** The key in force: of the keys that may sign, the one that began last. */
export function keyInForce<K extends SigningKey>(
  keys: readonly K[],
  use: KeyUse,
  now: number,
): K | undefined {
  return keys
    .filter((key) => key.use === use && key.compromisedAt === null && key.notBefore <= now)
    .filter((key) => key.retireAt === null || now < key.retireAt)
    .toSorted((a, b) => b.notBefore - a.notBefore || a.kid.localeCompare(b.kid))[0];
}

/**
 * When verifiers may drop the key, in milliseconds since the epoch; null: no end is known, or the key signs
 * evidence.
 */
export function publishedUntil(key: SigningKey): number | null {
  if (key.compromisedAt !== null) return key.compromisedAt;
  return key.use === "receipt" || key.retireAt === null ? null : key.retireAt + PUBLISHED_AFTER_MS;
}

/** The keys that verifiers must know at `now`. A compromised key is gone, whatever the clocks say. */
export function publishedAt<K extends SigningKey>(keys: readonly K[], now: number): readonly K[] {
  return keys.filter((key) => key.compromisedAt === null && now < (publishedUntil(key) ?? Infinity));
}

/**
 * The next time after `now`, in milliseconds since the epoch, at which time alone changes which keys sign or are
 * published; Infinity: never. Until then, with the same keys, the result for `now` holds.
 */
export function nextChangeAt(keys: readonly SigningKey[], now: number): number {
  const times = keys
    .filter((key) => key.compromisedAt === null)
    .flatMap((key) => [key.notBefore, key.retireAt, publishedUntil(key)]);
  return times.reduce<number>((next, at) => (at !== null && at > now && at < next ? at : next), Infinity);
}

/**
 * The set of keys that verifies at `now`. Build it once per change of the keys: the imported keys are cached by its
 * objects.
 */
export function keySetAt(keys: readonly SigningKey[], now: number): KeySet {
  const published = publishedAt(keys, now);
  return {
    version: published
      .map((key) => key.kid)
      .toSorted()
      .join(" "),
    keys: new Map(
      published.map((key): [string, VerificationKey] => [
        key.kid,
        { use: key.use, key: { ...key.publicJwk } },
      ]),
    ),
  };
}

/** Binds a sealed private key to its row: under another `kid` or use it does not open. */
const contextOf = (use: KeyUse, kid: string): string => `signing-key:${use}:${kid}`;
