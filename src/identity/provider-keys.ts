/** The keys of a provider, through the cache: discovery, then the JWKS it names, both through the guarded fetch. */
import type { Egress, EgressRefusal } from "../egress/egress.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { discoveryUrl, parseDiscovery } from "./discovery.ts";
import { adviceFor, askingNow, failedNow, fetchedNow, type KeyCache } from "./key-cache.ts";
import { parseKeys, type KeyDocument, type ProviderKey } from "./keys.ts";
import type { IdentityProvider, IdentityRefusal } from "./provider.ts";

interface ProviderKeyPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly egress: Egress;
  readonly cache: KeyCache;
  readonly log: Log;
}

interface CurrentKeys {
  readonly keys: readonly ProviderKey[];
  /** Until when verifications with these keys may be cached; milliseconds since the epoch. */
  readonly freshUntil: number;
}

/** Which of the two documents could not be fetched, and why. */
interface FetchFault {
  readonly of: "discovery" | "keys";
  readonly why: string;
}

export interface FetchedKeys extends KeyDocument {
  readonly jwksUri: string;
}

/** A promise of another request may never resolve here (platform rule), so the cache is polled instead. */
const LOOK_AGAIN_MS = 25;

export class ProviderKeys {
  readonly #ports: ProviderKeyPorts;

  constructor(ports: ProviderKeyPorts) {
    this.#ports = ports;
  }

  /** @param kid the key id in a token; null: none. */
  async current(
    provider: Pick<IdentityProvider, "id" | "issuer" | "tenant">,
    kid: string | null,
    traceparent?: string,
  ): Promise<Result<CurrentKeys, IdentityRefusal>> {
    const { clock, timers, egress, cache, log } = this.#ports;
    const entry = `${provider.id} ${provider.issuer}`;
    for (;;) {
      const advice = adviceFor(cache.get(entry), kid, clock.now());
      switch (advice.kind) {
        case "use":
          return ok(advice);
        case "unknown_key":
          return err({ kind: "unknown_key" });
        case "unavailable":
          return err({ kind: "provider_unavailable", why: advice.why });
        case "wait":
          await timers.sleep(LOOK_AGAIN_MS);
          break;
        case "ask": {
          cache.set(entry, askingNow(cache.get(entry), clock.now()));
          const fetched = await fetchKeys(egress, provider, traceparent);
          if (fetched.ok) {
            cache.set(entry, fetchedNow(fetched.value.keys, clock.now()));
            break;
          }
          const why = `${fetched.error.of}_${fetched.error.why}`;
          log.write("warn", "idp.unavailable", { provider: provider.id, why });
          cache.set(entry, failedNow(cache.get(entry), why, clock.now()));
        }
      }
    }
  }
}

/** Fetches both documents, bypassing every cache. */
export async function fetchKeys(
  egress: Egress,
  provider: Pick<IdentityProvider, "issuer" | "tenant">,
  traceparent?: string,
): Promise<Result<FetchedKeys, FetchFault>> {
  const document = await egress.getJson(discoveryUrl(provider.issuer), traceparent);
  if (!document.ok) return err({ of: "discovery", why: wordOf(document.error) });
  const discovery = parseDiscovery(document.value, provider);
  if (!discovery.ok) return err({ of: "discovery", why: discovery.error });
  const { jwksUri } = discovery.value;
  const keySet = await egress.getJson(jwksUri, traceparent);
  if (!keySet.ok) return err({ of: "keys", why: wordOf(keySet.error) });
  const keys = parseKeys(keySet.value);
  return keys.ok ? ok({ ...keys.value, jwksUri }) : err({ of: "keys", why: keys.error });
}

/** One word of Dome's own, for the log and for operators. No text from a stranger goes there. */
const wordOf = (refusal: EgressRefusal): string =>
  refusal.kind === "address_refused"
    ? refusal.why
    : refusal.kind === "status"
      ? `status_${refusal.status}`
      : refusal.kind;
