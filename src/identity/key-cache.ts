/**
 * The keys of providers as an isolate keeps them: plain data, bounded, and pure rules about when to ask again (ID-10).
 * - Keys are fresh for ten minutes: a key that was taken back is refused after that.
 * - A key id that is not known asks once more, but no provider is asked more often than every 30 s, whatever arrives.
 * - A provider that does not answer: keys that are known already go on for a day, everything else is undecided.
 */
import type { BoundedMap } from "../kernel/bounded-map.ts";
import type { ProviderKey } from "./keys.ts";

interface CachedKeys {
  readonly keys: readonly ProviderKey[];
  /** When they were last fetched with success; null: never. */
  readonly fetchedAt: number | null;
  /** When the provider was last asked, whatever the result. */
  readonly askedAt: number;
  /** True while a request is in flight; a request that was cancelled leaves it true. */
  readonly asking: boolean;
  /** Why the last finished attempt failed; null: it did not fail. */
  readonly fault: string | null;
}

export type KeyCache = BoundedMap<string, CachedKeys>;

export const KEYS_FRESH_MS = 600_000;
export const KEYS_COOLDOWN_MS = 30_000;
export const KEYS_STALE_MS = 86_400_000;
/** Longer than discovery and keys together may take: after that, no request is in flight any more. */
const KEYS_PATIENCE_MS = 11_000;

type KeyAdvice =
  | { readonly kind: "use"; readonly keys: readonly ProviderKey[]; readonly freshUntil: number }
  | { readonly kind: "ask" }
  /** Another request is asking: look again soon. */
  | { readonly kind: "wait" }
  | { readonly kind: "unknown_key" }
  | { readonly kind: "unavailable"; readonly why: string };

/** @param kid the key id in the token; null: there is none, and any key will do. */
export function adviceFor(cached: CachedKeys | undefined, kid: string | null, now: number): KeyAdvice {
  if (cached === undefined) return { kind: "ask" };
  const { keys, fetchedAt, askedAt, asking, fault } = cached;
  const known = kid === null ? keys.length > 0 : keys.some((key) => key.kid === kid);
  const age = fetchedAt === null || now < fetchedAt ? null : now - fetchedAt;
  if (known && age !== null && age < KEYS_FRESH_MS)
    return { kind: "use", keys, freshUntil: (fetchedAt ?? 0) + KEYS_FRESH_MS };
  const sinceAsked = now - askedAt; // negative: the clock was set back, and no bound may rest on it
  const failing = fault !== null && known && age !== null && age < KEYS_STALE_MS;
  if (asking && sinceAsked >= 0 && sinceAsked < KEYS_PATIENCE_MS)
    return failing ? { kind: "use", keys, freshUntil: 0 } : { kind: "wait" };
  if (sinceAsked < 0 || sinceAsked >= KEYS_COOLDOWN_MS) return { kind: "ask" };
  if (fault === null && !asking) return { kind: "unknown_key" };
  if (known && age !== null && age < KEYS_STALE_MS) return { kind: "use", keys, freshUntil: 0 };
  return { kind: "unavailable", why: fault ?? "unreachable" };
}

/** Records the start, before the provider is asked, so that a flood asks once. */
export const askingNow = (cached: CachedKeys | undefined, now: number): CachedKeys => ({
  keys: cached?.keys ?? [],
  fetchedAt: cached?.fetchedAt ?? null,
  askedAt: now,
  asking: true,
  fault: cached?.fault ?? null,
});

/** Records an answer. */
export const fetchedNow = (keys: readonly ProviderKey[], now: number): CachedKeys => ({
  keys,
  fetchedAt: now,
  askedAt: now,
  asking: false,
  fault: null,
});

/** Records a failure, or an answer without a key set: the known keys stay, with their age. */
export const failedNow = (cached: CachedKeys | undefined, why: string, now: number): CachedKeys => ({
  ...askingNow(cached, now),
  asking: false,
  fault: why,
});
