/**
 * Rate limits, by Workers' rate-limiting binding: a counter beside the isolate, approximate and per location, never an
 * object call. The embedded server counts in its isolate. Before authentication only refused credentials count, by
 * address: a caller with a good credential behind the same address is never held up by them. After it each call counts:
 * for the key in the class of its chain's strictest tier, for the agent, for the workspace; an operator's for its token. A
 * stop and a revocation are never limited.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Log } from "../kernel/log.ts";
import type { Permission } from "../operators/permissions.ts";
import type { Refusal } from "../operations/answer/refusal.ts";
import { RATE_PERIOD_S, type RateClass } from "../contract/tier.ts";
import { limitsOf, type LimitedAgent, type Tiers } from "../tiers/limits.ts";

/** Counts by key, and says when there were too many: a binding, or memory (isolate-counter.ts). */
export interface RateCounter {
  limit(of: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** A counter that is not bound limits nothing. */
export interface RateCounters {
  /** Refused credentials, by address. */
  readonly refused: RateCounter | undefined;
  /** What one key may ask, by the class of the tier. */
  readonly classes: Readonly<Record<RateClass, RateCounter | undefined>>;
  /** What an agent may ask, whatever keys it has. */
  readonly agents: RateCounter | undefined;
  readonly workspaces: RateCounter | undefined;
  /** Operator tokens. */
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

/** A stop must get through when everything else is too much. Giving up a compromised signing key is one. */
export const isNeverLimited = (permission: Permission | null): boolean =>
  permission !== null && STOPS.has(permission);

interface Holder {
  readonly log: Log;
  readonly rateCounters: RateCounters;
}

/** Counts a credential that was refused. @returns a refusal to say instead, when there were too many. */
export async function countRefused(
  { rateCounters, log }: Holder,
  address: string | undefined,
): Promise<Result<void, Refusal>> {
  const counter = rateCounters.refused;
  return within(log, "address", [[counter, addressBucket(address)]]);
}

/** What asks, as its counters know it. */
export interface Asker {
  readonly key: string;
  readonly agent: string;
  readonly workspace: string;
  readonly rate: RateClass;
}

/** @param times how often the call counts: one that brings much is as many as it could have been. */
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
        // A counter decides nothing about rights: without it the call goes on, and is judged as ever.
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

/** The class of the strictest tier of a chain; without limits that could be kept it is the strictest there is. */
export function rateOf(tiers: Tiers, chain: readonly LimitedAgent[]): RateClass {
  const limits = limitsOf(tiers, chain);
  return limits.ok ? limits.value.rate : "low";
}

/**
 * Addresses that one sender has: of IPv6 the first 64 bits, which are one network (RFC 4291 §2.5.4).
 * Without an address (nobody has vouched for one) everybody is in one bucket.
 */
export function addressBucket(address: string | undefined): string {
  if (address === undefined) return "nowhere";
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  // An IPv4 address at the end stands for two groups; what is left out is zeros.
  const length = groups.length + behind.length + (address.includes(".") ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - length);
  const all = [...groups, ...Array.from({ length: zeros }, () => "0"), ...behind];
  if (address.includes(".")) return all.at(-1) ?? address; // ::ffff:192.0.2.1 is 192.0.2.1
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
