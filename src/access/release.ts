/**
 * The one way out: every answer that Dome gives to a caller passes through here, in this order (design part 9,
 * steps 6 to 8).
 *
 *   its record is durable (P8) → the leases of the whole chain hold (P3) → a released value
 *
 * Nothing is awaited between the lease check and the released value. Only this file makes `Released`, so a door
 * that answers with one has kept both promises. A refusal is recorded here, once and in one form, and is one of
 * four reasons, whatever was to be released.
 */
import { withoutGroups } from "../audit/named-user.ts";
import { draftRecord } from "../audit/record.ts";
import type { AuditSink, AuditUnavailable, Recorded } from "../audit/sink.ts";
import type { AuditDraft } from "../contract/audit.ts";
import type { DecisionReason } from "../contract/reasons.ts";
import type { Clock } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import type { IdSource } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Stale, TokenState, Work } from "../lifecycle/admission.ts";
import type { Caller } from "./caller.ts";
import type { Chain } from "./chain.ts";
import type { Freshness, LeaseClient, NoLease } from "./lease-client.ts";
import { standsSuspended, type Suspended } from "./suspended.ts";

export interface ReleasePorts {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly sink: AuditSink;
  readonly leases: LeaseClient;
}

/** An agent's request about itself. */
export type Self = { readonly kind: "caller"; readonly caller: Caller } | Suspended;

/** The agents of its chain, newest first. */
export const agentsOf = (self: Self): Chain => (self.kind === "caller" ? self.caller.agents : [self.agent]);

/** Nominal by its private member, and not exported: only this file can make one. */
class ReleasedValue<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }
}
export type Released<T> = ReleasedValue<T>;

/** An agent of the chain accepts no new work, and stops in `left_ms`. */
export type Draining = Extract<Stale, { readonly kind: "draining" }>;
/** Stopped, or stopped and started again since the credential was made. */
export type Stopped = Exclude<Stale, { readonly kind: "no_lease" | "draining" }>;

/** Why nothing was released. The first two are temporary: the same request may pass a moment later. */
export type Withheld =
  NoLease | AuditUnavailable | Draining | { readonly kind: "not_admitted"; readonly stale: Stopped };

/** The agent has made, or has open, as many calls as the strictest tier of the chain allows. */
export interface OverTier {
  readonly kind: "over_tier";
  readonly reason: Extract<DecisionReason, "tier_rate" | "tier_open_calls">;
  readonly most: number;
  readonly retryAfterMs: number;
}

/** Why a call was not served. */
export type Unserved = Withheld | OverTier;

/** The record to write on release, and the kind of the record that says that nothing was released. */
const WITHHELD_KINDS = {
  decision: "decision.withheld",
  "token.issued": "token.withheld",
  "token.exchanged": "token.withheld",
  "token.introspected": "token.withheld",
  "call.intent": "call.outcome",
  "call.notice": "call.outcome",
} as const;

/** A record that must be durable before the result that it describes is released. */
export type Evidence = AuditDraft & { readonly kind: keyof typeof WITHHELD_KINDS };

interface Offer<T> {
  readonly value: T;
  /** The state that the credential depends on. */
  readonly state: TokenState;
  readonly freshness: Freshness;
  /** Null: an answer to the caller about itself, which is not recorded. */
  readonly evidence: Evidence | null;
  /** The write of `evidence`, if it has begun already; by default it begins now. */
  readonly recording?: Promise<Result<Recorded, AuditUnavailable>>;
  /** `open`: the result of an act that was admitted before; default: `new`. */
  readonly work?: Work;
  /** How the outcome of an act is called whose value is withheld; default: `not_admitted`. */
  readonly withheldAs?: "not_admitted" | "cut";
}

export async function release<T>(
  ports: ReleasePorts,
  { value, state, freshness, evidence, recording, work, withheldAs = "not_admitted" }: Offer<T>,
): Promise<Result<Released<T>, Withheld>> {
  if (evidence !== null) {
    const recorded = await (recording ?? ports.sink.record(evidence));
    if (!recorded.ok) return recorded;
  }
  const admitted = await ports.leases.admits(state, freshness, work);
  if (admitted.ok) return ok(new ReleasedValue(value));
  if (evidence !== null) {
    await ports.sink.record(withheldRecord(ports, evidence, admitted.error, withheldAs));
  }
  return err(withheldBecause(admitted.error));
}

/**
 * To an agent at one of the doors about itself, which may be suspended there (P3's one exception). No record is kept of it.
 * @param freshness of a caller's leases.
 */
export async function releaseToSelf<T>(
  ports: ReleasePorts,
  self: Self,
  value: T,
  freshness: Freshness,
): Promise<Result<Released<T>, Withheld>> {
  if (self.kind === "caller")
    return release(ports, { value, state: self.caller.state, freshness, evidence: null, work: "open" });
  const stands = await standsSuspended(ports, self);
  return stands.ok ? ok(new ReleasedValue(value)) : stands;
}

/**
 * Whether a credential is good for anything at this moment: refused before it costs a record or a signature. It lets
 * nothing out; what decides is the check at the release.
 */
export async function standsNow(
  leases: LeaseClient,
  state: TokenState,
  freshness: Freshness = "leased",
  work: Work = "new",
): Promise<Result<void, Exclude<Withheld, AuditUnavailable>>> {
  const admitted = await leases.admits(state, freshness, work);
  return admitted.ok ? admitted : err(withheldBecause(admitted.error));
}

/** The only mapping from the cause of a refusal to its reason. */
export function withheldBecause(stale: Stale): Exclude<Withheld, AuditUnavailable> {
  if (stale.kind === "no_lease") return { kind: "no_lease", of: stale.of };
  return stale.kind === "draining" ? stale : { kind: "not_admitted", stale };
}

/** The same event, as not released. Its reason is one code for every stop; `data` says which stop it was. */
function withheldRecord(
  ports: ReleasePorts,
  { kind, workspace, agent, chain, user, target, decision_id, txn, request_id }: Evidence,
  stale: Stale,
  outcome: "not_admitted" | "cut",
): AuditDraft {
  return draftRecord(ports, {
    workspace,
    kind: WITHHELD_KINDS[kind],
    ...defined({ agent, chain, user: withoutGroups(user), target, decision_id, txn, request_id }),
    reason: "not_admitted",
    layer: "lease",
    outcome,
    data: { ...stale },
  });
}
