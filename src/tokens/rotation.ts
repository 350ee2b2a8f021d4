/**
 * Rotation of signing keys: from the existing keys to the keys after it. Pure, except for making a key.
 *
 * The keys of one use form a line: each signs until its successor does. After every insertion or removal, each key
 * but the last ends where the next one begins, and the last one has no end.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { KeyUse } from "../signing/jws.ts";
import { keyInForce, type SigningKey } from "./signing-key.ts";

/**
 * How long a key is published before it signs, in milliseconds: a day. Longer than the cache life of the JWKS
 * document, because some readers cache it longer than that.
 */
export const PUBLISHED_AHEAD_MS = 86_400_000;
/** A token key signs for this long before the schedule replaces it, in milliseconds: 30 days. */
export const TOKEN_KEY_LIFE_MS = 30 * 86_400_000;
/**
 * The same for a receipt key: 365 days. It stays published for good, so each new one makes the published set
 * larger. The shorter a key signs, the fewer receipts lose their value as evidence when it leaks.
 */
export const RECEIPT_KEY_LIFE_MS = 365 * 86_400_000;
const LIFE_MS: Readonly<Record<KeyUse, number>> = { token: TOKEN_KEY_LIFE_MS, receipt: RECEIPT_KEY_LIFE_MS };
/**
 * Clocks of isolates differ. A key that replaces a compromised one signs from a little before it was made, so that
 * every isolate has a key.
 */
const CLOCK_DIFFERENCE_MS = 60_000;

export type Rotation =
  | { readonly mode: "scheduled" | "now"; readonly use: KeyUse }
  | { readonly mode: "compromised"; readonly kid: string };

type RotationRefusal = { readonly kind: "unknown_key" } | { readonly kind: "already_compromised" };

type MakeKey = (
  use: KeyUse,
  times: { readonly createdAt: number; readonly notBefore: number },
) => Promise<SigningKey>;

/** The changes of the rows. Nothing in either member: the next key is there already. */
export interface Rotated {
  readonly use: KeyUse;
  readonly inserted: readonly SigningKey[];
  readonly changed: readonly SigningKey[];
}

/** @param now milliseconds since the epoch. */
export async function rotate(
  keys: readonly SigningKey[],
  rotation: Rotation,
  now: number,
  make: MakeKey,
): Promise<Result<Rotated, RotationRefusal>> {
  const use = rotation.mode === "compromised" ? useOf(keys, rotation.kid) : rotation.use;
  if (use === undefined) return err({ kind: "unknown_key" });
  const pending = alive(keys, use, now).find((key) => key.notBefore > now);
  switch (rotation.mode) {
    case "scheduled": {
      // While no key signs, as before the first token of an installation, there is nothing to wait for.
      const signs = keyInForce(keys, use, now) !== undefined;
      if (signs && pending !== undefined && !isTooFar(pending, now))
        return ok({ use, inserted: [], changed: [] });
      const notBefore = signs ? now + PUBLISHED_AHEAD_MS : now - CLOCK_DIFFERENCE_MS;
      const next =
        pending === undefined
          ? [...keys, await make(use, { createdAt: now, notBefore })]
          : keys.map((key) => (key === pending ? { ...key, notBefore } : key));
      return ok(difference(keys, lineUp(next, use, now), use));
    }
    case "now": {
      const next =
        pending === undefined
          ? [...keys, await make(use, { createdAt: now, notBefore: now })]
          : keys.map((key) => (key === pending ? { ...key, notBefore: now } : key));
      return ok(difference(keys, lineUp(next, use, now), use));
    }
    case "compromised": {
      const { kid } = rotation;
      if (keys.some((key) => key.kid === kid && key.compromisedAt !== null)) {
        return err({ kind: "already_compromised" });
      }
      const rest = lineUp(
        keys.map((key) => (key.kid === kid ? { ...key, compromisedAt: now } : key)),
        use,
        now,
      );
      if (keyInForce(rest, use, now) !== undefined) return ok(difference(keys, rest, use));
      const fresh = await make(use, { createdAt: now, notBefore: now - CLOCK_DIFFERENCE_MS });
      return ok(difference(keys, lineUp([...rest, fresh], use, now), use));
    }
  }
}

/**
 * Further ahead than any schedule publishes a key: it was made while a clock was ahead, and is moved to its proper
 * time.
 */
const isTooFar = (pending: SigningKey, now: number): boolean =>
  pending.notBefore > now + PUBLISHED_AHEAD_MS + CLOCK_DIFFERENCE_MS;

/**
 * True when the schedule requires that the next key of a use be published, so that it signs when the current one's
 * life ends. Also when the next key is further ahead than any schedule, or first in the line without being in
 * force.
 */
export function isRotationDue(keys: readonly SigningKey[], use: KeyUse, now: number): boolean {
  const signing = keyInForce(keys, use, now);
  const pending = alive(keys, use, now).find((key) => key.notBefore > now);
  if (pending !== undefined) return signing === undefined || isTooFar(pending, now);
  if (signing === undefined) return false; // there is none at all: the first is made when it is wanted
  return now >= signing.notBefore + LIFE_MS[use] - PUBLISHED_AHEAD_MS;
}

const useOf = (keys: readonly SigningKey[], kid: string): KeyUse | undefined =>
  keys.find((key) => key.kid === kid)?.use;

/** The keys that sign now or later, in that order. */
const alive = (keys: readonly SigningKey[], use: KeyUse, now: number): readonly SigningKey[] =>
  keys
    .filter((key) => key.use === use && key.compromisedAt === null)
    .filter((key) => key.retireAt === null || key.retireAt > now)
    .toSorted((a, b) => a.notBefore - b.notBefore);

function lineUp(keys: readonly SigningKey[], use: KeyUse, now: number): readonly SigningKey[] {
  const line = alive(keys, use, now);
  const ends = new Map(line.map((key, index) => [key.kid, line[index + 1]?.notBefore ?? null]));
  return keys.map((key) => {
    const retireAt = ends.get(key.kid);
    return retireAt === undefined ? key : { ...key, retireAt };
  });
}

function difference(before: readonly SigningKey[], after: readonly SigningKey[], use: KeyUse): Rotated {
  const old = new Map(before.map((key) => [key.kid, key]));
  const differs = (key: SigningKey): boolean => {
    const was = old.get(key.kid);
    return (
      was !== undefined &&
      (was.notBefore !== key.notBefore ||
        was.retireAt !== key.retireAt ||
        was.compromisedAt !== key.compromisedAt)
    );
  };
  return { use, inserted: after.filter((key) => !old.has(key.kid)), changed: after.filter(differs) };
}
