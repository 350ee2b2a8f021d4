/**
 * The organization's signing keys as this isolate holds them. They are read from D1 under the epoch of an `org`
 * lease, so that a compromised key is gone from every isolate within the lease's bound.
 */
import { rfc3339, type Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { DerivedKeys } from "../secrets/root-key.ts";
import type { Database } from "../storage/client.ts";
import type { KeySet, KeyUse, Signer } from "../signing/jws.ts";
import { loadKeysWithEpoch, loadSigningKeys } from "../tokens/signing-key-reads.ts";
import { keySetAt, nextChangeAt, openSigner, signingKeyAt, type SigningKey } from "../tokens/signing-key.ts";
import type { NoLease, LeaseClient } from "./lease-client.ts";

/** Globals of an isolate. Signers are opened once; the key set is kept while its version is the same. */
export interface SigningKeyCache {
  epoch: number | null;
  keys: readonly SigningKey[];
  keySet: KeySet | null;
  /** What was read for this epoch, and the period (end exclusive) in which no time of a key changes the result. */
  found: { readonly set: OrgKeySet; readonly from: number; readonly until: number } | null;
  readonly signers: Map<string, Signer>;
  /** By kid: keys used before their start time and already logged under this epoch. */
  readonly early: Set<string>;
}

export const newSigningKeyCache = (): SigningKeyCache => ({
  epoch: null,
  keys: [],
  keySet: null,
  found: null,
  signers: new Map(),
  early: new Set(),
});

interface SigningKeyPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly db: Database;
  readonly derived: DerivedKeys;
  readonly leases: LeaseClient;
  readonly cache: SigningKeyCache;
  /** Makes the first keys of this deployment. Safe to call repeatedly and concurrently. */
  makeFirstKeys(): Promise<void>;
}

/** A key set with the `org` epoch that it is valid under. */
export interface OrgKeySet extends KeySet {
  readonly epoch: number;
}

const USES: readonly KeyUse[] = ["token", "receipt"];

export class SigningKeys {
  readonly #ports: SigningKeyPorts;

  constructor(ports: SigningKeyPorts) {
    this.#ports = ports;
  }

  /** All keys, current under the `org` lease. */
  async all(): Promise<Result<readonly SigningKey[], NoLease>> {
    const read = await this.#read();
    return read.ok ? ok(read.value.keys) : read;
  }

  async #read(): Promise<Result<{ keys: readonly SigningKey[]; epoch: number }, NoLease>> {
    const { cache, db, leases } = this.#ports;
    const [lease, ahead] = await Promise.all([leases.org(), this.#readAhead()]);
    if (!lease.ok) return lease;
    const epoch = lease.value.answer.config_epoch;
    if (cache.epoch !== epoch) {
      cache.keys = ahead?.epoch === epoch ? ahead.keys : await loadSigningKeys(db);
      cache.epoch = epoch;
      cache.signers.clear();
      cache.early.clear();
    }
    if (this.#complete()) return ok({ keys: cache.keys, epoch });
    await this.#ports.makeFirstKeys();
    cache.keys = await loadSigningKeys(db);
    return this.#complete() ? ok({ keys: cache.keys, epoch }) : err({ kind: "no_lease", of: "org" });
  }

  /**
   * An isolate without keys reads them while it waits for its lease. Keys read before a lease may be older than the
   * lease, so they count only when D1 itself had the epoch of the lease. Otherwise they are read again.
   */
  async #readAhead(): Promise<Awaited<ReturnType<typeof loadKeysWithEpoch>> | undefined> {
    const { cache, db } = this.#ports;
    return cache.epoch === null ? loadKeysWithEpoch(db) : undefined;
  }

  /** The keys that verify, for every token of every call. */
  async keySet(): Promise<Result<OrgKeySet, NoLease>> {
    const { cache, clock, leases } = this.#ports;
    const warm = cache.found;
    if (warm !== null) {
      const lease = await leases.org();
      if (!lease.ok) return lease;
      const at = clock.now();
      const isSame = warm.set.epoch === lease.value.answer.config_epoch;
      if (isSame && warm.from <= at && at < warm.until) return ok(warm.set);
    }
    const read = await this.#read();
    if (!read.ok) return read;
    const { keys, epoch } = read.value;
    const now = clock.now();
    const current = keySetAt(keys, now);
    if (cache.keySet?.version !== current.version) cache.keySet = current;
    const set = { ...cache.keySet, epoch };
    cache.found = { set, from: now, until: nextChangeAt(keys, now) };
    return ok(set);
  }

  /** The key that signs now. */
  async signer(use: KeyUse): Promise<Result<Signer, NoLease>> {
    const keys = await this.all();
    if (!keys.ok) return keys;
    const { cache, clock, derived } = this.#ports;
    const now = clock.now();
    const key = signingKeyAt(keys.value, use, now);
    if (key === undefined) throw new Error(`no ${use} key may sign now`);
    if (key.notBefore > now) this.#sayEarly(key, now);
    const opened = cache.signers.get(key.kid);
    if (opened !== undefined) return ok(opened);
    const signer = await openSigner(key, derived);
    if (!signer.ok) throw new Error(`the ${use} key ${key.kid} does not open: ${signer.error.kind}`);
    cache.signers.set(key.kid, signer.value);
    return signer;
  }

  /** A clock was ahead when the key was made, or is behind now. Logged once for each key, not for each token. */
  #sayEarly({ kid, use, notBefore }: SigningKey, now: number): void {
    const { cache, log } = this.#ports;
    if (cache.early.has(kid)) return;
    cache.early.add(kid);
    log.write("warn", "signing_key.clock", { kid, use, not_before: rfc3339(notBefore), now: rfc3339(now) });
  }

  #complete(): boolean {
    const now = this.#ports.clock.now();
    return USES.every((use) => signingKeyAt(this.#ports.cache.keys, use, now) !== undefined);
  }
}
