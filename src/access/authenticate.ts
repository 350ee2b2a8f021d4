/**
 * Step 1 of the column: from the bytes of an `Authorization` header to a `Caller` (RFC 6750 §2.1).
 *
 * A raw API key is treated as if it were exchanged on the spot: it passes exactly where a call token minted from it
 * at this moment would pass. The form of the key alone decides whether Dome looks anything up. So made-up keys cost
 * no I/O, and their callers get the same refusal as for unknown keys (P11).
 */
import { findKeyByDigests } from "../credentials/key-reads.ts";
import { digestsOf } from "../credentials/version-digests.ts";
import type { BoundedMap } from "../kernel/bounded-map.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import type { Clock } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { sha256Sync } from "../kernel/digest.ts";
import type { AgentId, KeyId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { drainOf, type Work } from "../lifecycle/admission.ts";
import { isKeyLive, type AgentAnswer, type Lease } from "../lifecycle/lease.ts";
import type { DerivedKeys } from "../secrets/root-key.ts";
import type { Database } from "../storage/client.ts";
import { followDigest } from "../storage/key-digests.ts";
import type { VerificationCache } from "../tokens/cache.ts";
import { parseScope, SURFACE, type Scope } from "../contract/scope.ts";
import { verifyCallToken, type VerifiedToken } from "../tokens/verify.ts";
import type { CallTokenClaims } from "../contract/call-token.ts";
import { kidOf } from "../signing/jws.ts";
import type { AgentUses } from "./agent-uses.ts";
import { callerProof, type Caller, type CallerUser } from "./caller.ts";
import { loadChain } from "./chain.ts";
import type { ConfigurationReader } from "./configuration.ts";
import type { OrgKeySet } from "./signing-keys.ts";
import type { NoLease, LeaseClient } from "./lease-client.ts";
import { actFor, type ActAsRefusal } from "./act-as.ts";
import { standsNow, type Draining } from "./release.ts";
import { tokenStateOf } from "./token-state.ts";
import type { UserTokens } from "./user-tokens.ts";

/** The agent and id of a key. They never change. */
export interface KnownKey {
  readonly agent: AgentId;
  readonly workspace: WorkspaceId;
  readonly key: KeyId;
}

export interface AuthenticationPorts {
  readonly clock: Clock;
  readonly db: Database;
  readonly derived: DerivedKeys;
  /** Form keys of root-key versions that are no longer configured. */
  readonly retiredForms: readonly Uint8Array<ArrayBuffer>[];
  readonly issuer: string;
  readonly leases: LeaseClient;
  readonly configuration: ConfigurationReader;
  /** Verifies ID tokens of users, for agents that act for them. */
  readonly userTokens: UserTokens;
  readonly tokenCache: VerificationCache;
  /** By SHA-256 of the whole key, so that the cache holds no secret. */
  readonly keyCache: BoundedMap<string, KnownKey>;
  /** Records that an agent acts, and with which key. */
  readonly uses: Pick<AgentUses, "note" | "tell">;
  /** Lets work continue after the answer is sent. */
  background(work: Promise<unknown>): void;
  /** The keys that verify call tokens, current under the `org` lease. */
  keySet(): Promise<Result<OrgKeySet, NoLease>>;
}

/** Why a credential was refused. Callers get one of two answers; the exact kind is for the ledger and the log. */
export type AuthenticationRefusal =
  /** No credential was presented. */
  | { readonly kind: "missing" }
  /** Never issued, or not a credential at all. */
  | { readonly kind: "unknown"; readonly why: string }
  /** Issued once, and now dead or stopped. */
  | {
      readonly kind: "dead";
      readonly agent: AgentId;
      /** The agent's workspace: where the refusal is recorded. */
      readonly workspace: WorkspaceId;
      readonly key: KeyId | null;
      readonly why: string;
    }
  /** The credential is good, but an agent of the chain accepts no new work: it stops in `left_ms`. */
  | Draining
  /** The agent is known; the end user that it names is not accepted. */
  | ActAsRefusal
  | NoLease;

const BEARER = /^Bearer +([^\s,]+)$/i;

/** The credentials on a call. */
export interface Presented {
  /** The value of `Authorization`, or null. */
  readonly authorization: string | null;
  /** The value of `Dome-Act-As`: an end user's ID token; or null. */
  readonly actAs: string | null;
  /** W3C Trace Context, passed on with requests that verify the user. */
  readonly traceparent: string | undefined;
}

/** The credential in an `Authorization` header, or null when there is none. */
export const bearerOf = (authorization: string | null): string | null =>
  BEARER.exec(authorization ?? "")?.[1] ?? null;

/**
 * @param audience the URL of this door, accepted beside the public URL.
 * @param work `open`: the request is no new work, so an agent that is draining may make it.
 */
export async function authenticateAgent(
  ports: AuthenticationPorts,
  { authorization, actAs, traceparent }: Presented,
  audience: string,
  work: Work = "new",
): Promise<Result<Caller, AuthenticationRefusal>> {
  if (authorization === null || authorization === "") return err({ kind: "missing" });
  const credential = bearerOf(authorization);
  if (credential === null) return err({ kind: "unknown", why: "not a bearer credential" });
  const caller = credential.startsWith("dome_")
    ? await byKey(ports, credential, work)
    : await byToken(ports, credential, [ports.issuer, audience], work);
  return caller.ok && actAs !== null ? actFor(ports, caller.value, { token: actAs, traceparent }) : caller;
}

/** The agent and id of a key, whether or not the key is live. */
export async function identifyKey(
  ports: Pick<
    AuthenticationPorts,
    "db" | "derived" | "retiredForms" | "keyCache" | "clock" | "background" | "leases"
  >,
  secret: string,
): Promise<KnownKey | undefined> {
  const fingerprint = toHex(sha256Sync(utf8(secret)));
  const cached = ports.keyCache.get(fingerprint);
  if (cached !== undefined) return cached;
  const digests = await digestsOf("agent", secret, ports.derived, ports.retiredForms);
  if (digests === undefined) return undefined;
  ports.leases.ahead({ org: true }); // whose key it may be, every decision needs it
  const found = await findKeyByDigests(ports.db, digests);
  if (found === undefined) return undefined;
  const { agent, workspace, key, known } = found;
  const [newest] = digests;
  if (!known.has(newest.digest)) ports.background(followDigest(ports.db, key, newest, ports.clock.now()));
  ports.keyCache.set(fingerprint, { agent, workspace, key });
  return { agent, workspace, key };
}

/** The current state of a key's agent. When the cached lease refuses, a new lease is requested. The use is recorded. */
export async function leaseForKey(
  { leases, clock, uses }: Pick<AuthenticationPorts, "leases" | "clock" | "uses">,
  known: KnownKey,
): Promise<Result<Lease<AgentAnswer>, NoLease>> {
  leases.ahead({ workspace: known.workspace, org: true });
  uses.note(known.agent, known.key);
  const lease = await leases.agent(known.agent);
  if (!lease.ok) return lease;
  uses.tell(known.agent, known.key);
  const now = clock.now();
  const runs = drainOf(lease.value, known.agent, now) === undefined;
  if (runs && whyDead(lease.value, known.key, now) === null) return lease;
  return leases.freshAgent(known.agent);
}

/** Why a key may not act under this lease; null when it may. */
function whyDead(lease: Lease<AgentAnswer>, key: KeyId, now: number): string | null {
  if (!isKeyLive(lease, key, now)) return "key_not_live";
  return lease.answer.state === "active" ? null : `agent_${lease.answer.state}`;
}

async function byKey(
  ports: AuthenticationPorts,
  secret: string,
  work: Work,
): Promise<Result<Caller, AuthenticationRefusal>> {
  const known = await identifyKey(ports, secret);
  if (known === undefined) return err({ kind: "unknown", why: "no such key" });
  const leased = await leaseForKey(ports, known);
  if (!leased.ok) return leased;
  const lease = leased.value;
  const { key, workspace: home } = known;
  const why = whyDead(lease, key, ports.clock.now());
  if (why !== null) return err({ kind: "dead", ...known, why });
  const link = { agent: known.agent, epoch: lease.answer.epoch, key };
  const chain = await loadChain(ports, { workspace: home, chain: [link] });
  if (!chain.ok) {
    if (chain.error.kind === "no_lease") return err(chain.error);
    return err({ kind: "dead", ...known, why: chain.error.kind });
  }
  const workspace = await ports.leases.workspace(home);
  if (!workspace.ok) return workspace;
  const drain = work === "new" ? drainOf(lease, known.agent, ports.clock.now()) : undefined;
  if (drain !== undefined) return err(drain);
  return ok({
    [callerProof]: true,
    state: {
      workspace: home,
      chain: [link],
      haltEpoch: workspace.value.answer.halt_epoch,
      path: [],
    },
    agents: chain.value,
    scope: SURFACE,
    user: null,
    signedBy: null,
    endsAt: null,
    credential: { kind: "key", id: known.key },
  });
}

async function byToken(
  ports: AuthenticationPorts,
  token: string,
  audiences: readonly string[],
  work: Work,
): Promise<Result<Caller, AuthenticationRefusal>> {
  const keySet = await ports.keySet();
  if (!keySet.ok) return keySet;
  const verified = await verifyCallToken(token, {
    issuer: ports.issuer,
    audiences,
    keySet: keySet.value,
    now: ports.clock.now(),
    cache: ports.tokenCache,
  });
  if (!verified.ok) return err({ kind: "unknown", why: verified.error.kind });
  return callerOfToken(ports, verified.value, { epoch: keySet.value.epoch, kid: kidOf(token) }, work);
}

async function callerOfToken(
  ports: AuthenticationPorts,
  token: VerifiedToken,
  { epoch, kid }: { readonly epoch: number; readonly kid: string },
  work: Work,
): Promise<Result<Caller, AuthenticationRefusal>> {
  const { claims } = token;
  const state = tokenStateOf(claims, epoch);
  const dead = (agent: AgentId, key: KeyId | null, why: string) =>
    err({ kind: "dead", agent, workspace: state.workspace, key, why } as const);
  const [actor] = state.chain;
  if (actor !== undefined) ports.uses.note(actor.agent, null);
  const stands = await standsNow(ports.leases, state, "leased", work);
  if (!stands.ok) {
    if (stands.error.kind !== "not_admitted") return err(stands.error);
    return dead(claims.client_id, claims.dome.chain[0]?.key ?? null, stands.error.stale.kind);
  }
  if (actor !== undefined) ports.uses.tell(actor.agent, null);
  const chain = await loadChain(ports, state);
  if (!chain.ok) {
    if (chain.error.kind === "no_lease") return err(chain.error);
    return dead(chain.error.link?.agent ?? claims.client_id, null, chain.error.kind);
  }
  return ok({
    [callerProof]: true,
    state,
    agents: chain.value,
    scope: scopeOf(claims.scope),
    user: userOf(claims),
    signedBy: kid,
    endsAt: claims.exp * 1000,
    credential: { kind: "token", id: claims.jti },
  });
}

function userOf({ sub, sub_profile, email, groups, dome }: CallTokenClaims): CallerUser | null {
  if (sub_profile !== "user" || dome.provider === undefined) return null;
  return {
    id: sub,
    provider: dome.provider,
    ...defined({ email, groups }),
  };
}

/** The claims schema has parsed the scope before; a scope that does not parse covers nothing (P1). */
function scopeOf(text: string): Scope {
  const scope = parseScope(text);
  return scope.ok ? scope.value : [];
}
