/**
 * An act with an outcome, such as a call of a tool or of a model (design part 9, steps 6 to 9).
 *
 *   the intent is durable → the leases hold → the act, under a watchdog → its value is released → the outcome
 *
 * A read-only act may begin while its intent is still being written. Dome then waits for the intent and checks the
 * leases again before it releases any of the result (P8). Every intent gets one outcome: `completed`, `failed`,
 * `cut` or `not_admitted`. An intent whose outcome never arrives shows as open. When a change of what is allowed cuts an
 * act, its outcome has the decision, and is durable before the caller hears of it.
 *
 * A notice is an act to which nothing is answered. Its one record, durable before the act, states it wholly; only what
 * else becomes of it than being taken is an outcome.
 */
import { withoutGroups } from "../audit/named-user.ts";
import { draftRecord, type AuditFacts } from "../audit/record.ts";
import { inTime, type Timers } from "../kernel/clock.ts";
import type { AuditUnavailable } from "../audit/sink.ts";
import { defined } from "../kernel/defined.ts";
import type { DecisionId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { TokenState, Work } from "../lifecycle/admission.ts";
import type { Freshness } from "./lease-client.ts";
import {
  release,
  standsNow,
  withheldBecause,
  type Evidence,
  type Released,
  type ReleasePorts,
  type Withheld,
} from "./release.ts";
import type { Verdict } from "./verdict.ts";
import { Watchdog, type Cut, type Standing } from "./watchdog.ts";

export interface ActPorts extends ReleasePorts {
  readonly timers: Timers;
  /** Lets work continue after the answer is sent. */
  background(work: Promise<unknown>): void;
}

/** Its outcome is found by the decision. */
export type Intent = Evidence & {
  readonly kind: "call.intent" | "call.notice";
  readonly decision_id: DecisionId;
};

export interface Act<T> {
  /** The act to perform, and the caller it is for. */
  readonly intent: Intent;
  readonly state: TokenState;
  /** What it was judged on. */
  readonly standing: Standing;
  readonly freshness: Freshness;
  /** `open`: it only ends what was admitted before. */
  readonly work: Work;
  /** The act changes nothing, so it may begin before its intent is durable. */
  readonly readOnly: boolean;
  /** @param signal is aborted when the right to act ends; any later result is discarded. */
  perform(signal: AbortSignal): Promise<Performed<T>>;
}

export interface Performed<T> {
  readonly value: T;
  /** How the act ended; for a stream, a promise that settles at its end. A rejection means that the act failed. */
  readonly end: ActEnd | Promise<ActEnd>;
}

/** Further members of an outcome's record. */
type OutcomeFacts = Pick<
  AuditFacts,
  "reason" | "layer" | "detail" | "policies" | "bundle_version" | "latency_ms" | "data"
>;

/** The act was cut, because it would be denied now. `state`: of the caller, as it stands now. */
interface NotAllowed {
  readonly kind: "no_longer_allowed";
  readonly verdict: Verdict;
  readonly state: TokenState;
}

export interface ActEnd {
  readonly outcome: "completed" | "failed";
  readonly facts?: OutcomeFacts;
}

/**
 * @returns the released value, or why there is none: refused before the act began, or cut while it ran.
 * @throws what `perform` or a port throws; an act that has begun has ended then, with the outcome `failed`.
 */
export async function act<T>(
  ports: ActPorts,
  { intent, state, standing, freshness, work, readOnly, perform }: Act<T>,
): Promise<Result<Released<T>, Withheld | NotAllowed>> {
  const recording = ports.sink.record(intent);
  const isEarly = readOnly && (await standsNow(ports.leases, state, freshness, work)).ok;
  if (!isEarly) {
    const permit = await release(ports, { value: null, state, freshness, evidence: intent, recording, work });
    if (!permit.ok) {
      // The intent may still arrive, as one whose act has never begun.
      if (permit.error.kind === "audit_unavailable")
        new Outcome(ports, intent).settle("not_admitted", { reason: "audit_unavailable" });
      return permit;
    }
  }

  const watchdog = new Watchdog(ports, state, standing);
  const outcome = new Outcome(ports, intent);
  const performed = await Promise.race([begin(perform, watchdog), watchdog.cut]).catch((fault: unknown) => {
    watchdog.callOff();
    outcome.settle("failed");
    throw fault;
  });
  if (performed === undefined || "kind" in performed) return cutOff(watchdog, outcome);
  await watchdog.settled();
  if (watchdog.why !== undefined) return cutOff(watchdog, outcome);

  const released = await release<T>(ports, {
    value: performed.value,
    state: watchdog.state,
    freshness: "leased",
    evidence: intent,
    recording,
    work: "open",
    withheldAs: readOnly ? "not_admitted" : "cut",
  }).catch((fault: unknown) => {
    watchdog.abandon("fault");
    outcome.settle("failed");
    throw fault;
  });
  if (watchdog.why !== undefined && released.ok) return cutOff(watchdog, outcome);
  if (!released.ok) {
    watchdog.abandon(released.error.kind);
    // Every other refusal has recorded the outcome together with the intent.
    if (released.error.kind === "audit_unavailable") outcome.settle("cut", { reason: "audit_unavailable" });
    return released;
  }
  ports.background(untilItEnds(ports, performed.end, watchdog, outcome));
  return released;
}

/** A fault before the first await counts as a fault of the act, too. */
const begin = async <T>(perform: Act<T>["perform"], { signal }: Watchdog): Promise<Performed<T>> =>
  perform(signal);

async function cutOff(
  { why, state }: Watchdog,
  outcome: Outcome,
): Promise<Result<never, Withheld | NotAllowed>> {
  if (why === undefined) throw new Error("an act ended without an end");
  outcome.cut(why);
  if (why.kind !== "no_longer_allowed") return err(withheldBecause(why));
  const recorded = await outcome.recorded;
  return recorded.ok ? err({ kind: why.kind, verdict: why.verdict, state }) : recorded;
}

/** How long an act that was cut may take to say how far it came, in milliseconds. */
const CLOSING_MS = 500;

async function untilItEnds(
  { timers }: ActPorts,
  end: Performed<unknown>["end"],
  watchdog: Watchdog,
  outcome: Outcome,
): Promise<void> {
  const settled = Promise.resolve(end).catch((): ActEnd => ({ outcome: "failed" }));
  const ended = await Promise.race([settled, watchdog.cut]);
  const { why } = watchdog;
  watchdog.callOff();
  if (why !== undefined) {
    const closed = await inTime(timers, CLOSING_MS, settled, undefined);
    outcome.cut(why, closed?.facts);
  } else if (ended !== undefined && "outcome" in ended) outcome.settle(ended.outcome, ended.facts);
}

/**
 * The first outcome is recorded, and only that one; that a notice was taken is no news. The write continues after the
 * answer is sent, because an intent without an outcome shows as open.
 */
class Outcome {
  readonly #ports: ActPorts;
  readonly #intent: Evidence;
  #isSettled = false;
  #recording: Promise<Result<unknown, AuditUnavailable>> = Promise.resolve(ok(null));

  constructor(ports: ActPorts, intent: Evidence) {
    this.#ports = ports;
    this.#intent = intent;
  }

  /** The write of the outcome. */
  get recorded(): Promise<Result<unknown, AuditUnavailable>> {
    return this.#recording;
  }

  /** How far the act had come, and why it was cut. */
  cut(why: Cut, { data, latency_ms }: ActEnd["facts"] = {}): void {
    const facts = cutFacts(why);
    this.settle("cut", { ...facts, data: { ...data, ...facts.data }, ...defined({ latency_ms }) });
  }

  settle(outcome: ActEnd["outcome"] | "cut" | "not_admitted", facts: OutcomeFacts = {}): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (this.#intent.kind === "call.notice" && outcome === "completed") return;
    const { workspace, agent, chain, user, target, action, decision_id, txn, request_id } = this.#intent;
    const draft = draftRecord(this.#ports, {
      workspace,
      kind: "call.outcome",
      ...defined({ agent, chain, user: withoutGroups(user), target, action, decision_id, txn, request_id }),
      outcome,
      ...facts,
    });
    this.#recording = this.#ports.sink.record(draft);
    this.#ports.background(this.#recording);
  }
}

/** `data` says which stop it was, as it does wherever something is withheld. */
function cutFacts(why: Cut): OutcomeFacts {
  if (why.kind !== "no_longer_allowed")
    return { reason: withheldBecause(why).kind, layer: "lease", data: { who: "dome", ...why } };
  const { reason, layer, detail, policies, bundleVersion } = why.verdict;
  return {
    reason,
    layer,
    detail,
    policies: [...policies],
    bundle_version: bundleVersion,
    data: { who: "policy", kind: why.kind },
  };
}
