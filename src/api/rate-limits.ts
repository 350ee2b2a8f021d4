/**
 * Rate limits, with the rate-limiting binding of Workers: a counter beside the isolate, approximate and per location,
 * without a call to an object. The embedded server counts in its isolate. Before authentication only refused
 * credentials count, by address, so that they never delay a caller with a good credential at the same address. After
 * authentication every call counts: for the key in the class of its chain's strictest tier, for the agent, and for the
 * workspace; an operator's call counts for its token. Stops and revocations are never limited.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Log } from "../kernel/log.ts";
import type { Permission } from "../operators/permissions.ts";
import type { Refusal } from "../operations/answer/refusal.ts";
import { RATE_PERIOD_S, type RateClass } from "../contract/tier.ts";
import { limitsOf, type LimitedAgent, type Tiers } from "../tiers/limits.ts";

/** Counts by key, and tells when there were too many: a binding, or memory (isolate-counter.ts). */
export interface RateCounter {
  limit(of: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** The counters; a missing one limits nothing. */
export interface RateCounters {
  /** Refused credentials, by address. */
  readonly refused: RateCounter | undefined;
  /** Calls of one key, by the class of the tier. */
  readonly classes: Readonly<Record<RateClass, RateCounter | undefined>>;
  /** Calls of an agent, with all of its keys. */
  readonly agents: RateCounter | undefined;
  readonly workspaces: RateCounter | undefined;
  /** Calls of an operator token. */
  readonly operators: RateCounter | undefined;
}

const STOPS: ReadonlySet<Permission> = new Set<Permission>([
  "agents:suspend",
  "agents:revoke",
  "keys:revoke",
  "operators:revoke",
  "signing-keys:rotate",
  "tokens:revoke",
  "transactions:stop",
  "users:stop",
  "workspaces:halt",
]);

/** Stops must always get through. Marking a signing key as compromised is one. */
export const isNeverLimited = (permission: Permission | null): boolean =>
  permission !== null && STOPS.has(permission);

interface Holder {
  readonly log: Log;
  readonly rateCounters: RateCounters;
}

/**
 * Counts a refused credential.
 * @returns a refusal to answer instead, when there were too many.
 */
export async function countRefused(
  { rateCounters, log }: Holder,
  address: string | undefined,
): Promise<Result<void, Refusal>> {
  const counter = rateCounters.refused;
  return within(log, "address", [[counter, addressBucket(address)]]);
}

/** The keys under which a caller is counted. */
export interface Asker {
  readonly key: string;
  readonly agent: string;
  readonly workspace: string;
  readonly rate: RateClass;
}

/** @param times how often the call counts: a batch counts as the calls that it replaces. */
export async function countAgent(
  { rateCounters, log }: Holder,
  { key, agent, workspace, rate }: Asker,
  times = 1,
): Promise<Result<void, Refusal>> {
  const once: readonly Count[] = [
    [rateCounters.classes[rate], key],
    [rateCounters.agents, agent],
    [rateCounters.workspaces, workspace],
  ];
  return within(log, agent, Array.from({ length: times }, () => once).flat());
}

export async function countOperator(
  { rateCounters, log }: Holder,
  token: string,
): Promise<Result<void, Refusal>> {
  return within(log, `operator:${token}`, [[rateCounters.operators, token]]);
}

type Count = readonly [counter: RateCounter | undefined, key: string];

async function within(log: Log, who: string, counts: readonly Count[]): Promise<Result<void, Refusal>> {
  const kept = await Promise.all(
    counts.map(async ([counter, key]) => {
      try {
        return counter === undefined || (await counter.limit({ key })).success;
      } catch (fault) {
        // A counter decides nothing about rights: without it the call continues and is checked as usual.
        log.write("warn", "rate_limits.unavailable", { fault: String(fault) });
        return true;
      }
    }),
  );
  if (kept.every(Boolean)) return ok(undefined);
  log.write("warn", "rate_limited", { by: who });
  return err(RATE_LIMITED);
}

const RATE_LIMITED: Refusal = {
  code: "rate_limited",
  detail: "The requests are over the limit for ten seconds. Wait, then repeat the request.",
  retryAfterSeconds: RATE_PERIOD_S,
};

/** The class of the chain's strictest tier; the strictest class of all when a tier is unknown. */
export function rateOf(tiers: Tiers, chain: readonly LimitedAgent[]): RateClass {
  const limits = limitsOf(tiers, chain);
  return limits.ok ? limits.value.rate : "low";
}

/**
 * Groups the addresses of one sender: for IPv6 the first 64 bits, which are one network (RFC 4291 §2.5.4). Requests
 * without a trusted address share one group.
 */
export function addressBucket(address: string | undefined): string {
  if (address === undefined) return "nowhere";
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  // An IPv4 address at the end counts as two groups; omitted groups are zeros.
  const length = groups.length + behind.length + (address.includes(".") ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - length);
  const all = [...groups, ...Array.from({ length: zeros }, () => "0"), ...behind];
  if (address.includes(".")) return all.at(-1) ?? address; // ::ffff:192.0.2.1 is 192.0.2.1
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
