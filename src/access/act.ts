/**
 * An act with an outcome, such as a call of a tool or of a model (design part 9, steps 6 to 9).
 *
 *   the intent is durable → the leases hold → the act, under a watchdog → its value is released → the outcome
 *
 * A read-only act may begin while its intent is still being written. Dome then waits for the intent and checks the
 * leases again before it releases any of the result (P8). Every intent gets one outcome: `completed`, `failed`,
 * `cut` or `not_admitted`. An intent whose outcome never arrives shows as open.
 *
 * A notice is an act to which nothing is answered. Its one record, durable before the act, states it wholly; only what
 * else becomes of it than being taken is an outcome.
 */
import { draftRecord, type AuditFacts } from "../audit/record.ts";
import { inTime, type Timers } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import type { DecisionId } from "../kernel/ids.ts";
import { err, type Result } from "../kernel/result.ts";
import type { Stale, TokenState, Work } from "../lifecycle/admission.ts";
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
import { Watchdog } from "./watchdog.ts";

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
type OutcomeFacts = Pick<AuditFacts, "reason" | "layer" | "detail" | "latency_ms" | "data">;

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
  { intent, state, freshness, work, readOnly, perform }: Act<T>,
): Promise<Result<Released<T>, Withheld>> {
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

  const watchdog = new Watchdog(ports, state);
  const outcome = new Outcome(ports, intent);
  const performed = await Promise.race([begin(perform, watchdog), watchdog.cut]).catch((fault: unknown) => {
    watchdog.callOff();
    outcome.settle("failed");
    throw fault;
  });
  if (performed === undefined || "kind" in performed) return cutOff(watchdog, outcome);

  const released = await release<T>(ports, {
    value: performed.value,
    state,
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
  if (watchdog.stale !== undefined && released.ok) return cutOff(watchdog, outcome);
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

function cutOff({ stale }: Watchdog, outcome: Outcome): Result<never, Withheld> {
  if (stale === undefined) throw new Error("an act ended without an end");
  outcome.cut(stale);
  return err(withheldBecause(stale));
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
  const { stale } = watchdog;
  watchdog.callOff();
  if (stale !== undefined) {
    const closed = await inTime(timers, CLOSING_MS, settled, undefined);
    outcome.cut(stale, closed?.facts);
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

  constructor(ports: ActPorts, intent: Evidence) {
    this.#ports = ports;
    this.#intent = intent;
  }

  /** `data` says which stop it was, as it does wherever something is withheld, and how far the act had come. */
  cut(stale: Stale, { data, latency_ms }: ActEnd["facts"] = {}): void {
    this.settle("cut", {
      reason: withheldBecause(stale).kind,
      layer: "lease",
      data: { ...data, who: "dome", ...stale },
      ...defined({ latency_ms }),
    });
  }

  settle(outcome: ActEnd["outcome"] | "cut" | "not_admitted", facts: OutcomeFacts = {}): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (this.#intent.kind === "call.notice" && outcome === "completed") return;
    const { workspace, agent, chain, user, target, action, decision_id, txn, request_id } = this.#intent;
    const draft = draftRecord(this.#ports, {
      workspace,
      kind: "call.outcome",
      ...defined({ agent, chain, user, target, action, decision_id, txn, request_id }),
      outcome,
      ...facts,
    });
    this.#ports.background(this.#ports.sink.record(draft));
  }
}
