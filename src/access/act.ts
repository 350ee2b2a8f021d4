/**
 * An act with an outcome, such as a call of a tool or of a model (design part 9, steps 6 to 9).
 *
 *   the intent is durable → the leases hold → the act, under a watchdog → its value is released → the outcome
 *
 * An act that only reads may begin while its intent is on its way. Then the intent is settled and the leases are looked
 * at again before anything of it is released (P8). Every intent gets one outcome: `completed`, `failed`, `cut` or
 * `not_admitted`; one that never arrives shows as an open intent.
 */
import { draftRecord, type AuditFacts } from "../audit/record.ts";
import type { Timers } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { err, type Result } from "../kernel/result.ts";
import type { TokenState } from "../lifecycle/admission.ts";
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

interface ActPorts extends ReleasePorts {
  readonly timers: Timers;
  /** Lets work outlive the answer. */
  background(work: Promise<unknown>): void;
}

export interface Act<T> {
  /** What is about to be done, and for whom. */
  readonly intent: Evidence & { readonly kind: "call.intent" };
  readonly state: TokenState;
  readonly freshness: Freshness;
  /** It changes nothing: it may begin beside its intent. */
  readonly readOnly: boolean;
  /** @param signal is aborted when the right to act has ended; what comes after is not used. */
  perform(signal: AbortSignal): Promise<Performed<T>>;
}

export interface Performed<T> {
  readonly value: T;
  /** How it ended; for a stream, a promise of that: it is watched until then. Rejecting it means that it failed. */
  readonly end: ActEnd | Promise<ActEnd>;
}

export interface ActEnd {
  readonly outcome: "completed" | "failed";
  /** What the outcome's record says besides. */
  readonly facts?: Pick<AuditFacts, "reason" | "detail" | "latency_ms" | "data">;
}

/**
 * @returns the value, released, or why not: refused before it began, or cut while it ran.
 * @throws what `perform` throws; the outcome is `failed` then.
 */
export async function act<T>(
  ports: ActPorts,
  { intent, state, freshness, readOnly, perform }: Act<T>,
): Promise<Result<Released<T>, Withheld>> {
  const recording = ports.sink.record(intent);
  const isEarly = readOnly && (await standsNow(ports.leases, state, freshness)).ok;
  if (!isEarly) {
    const permit = await release(ports, { value: null, state, freshness, evidence: intent, recording });
    if (!permit.ok) return permit;
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
  });
  if (watchdog.stale !== undefined && released.ok) return cutOff(watchdog, outcome);
  if (!released.ok) {
    watchdog.abandon(released.error.kind);
    // Whatever else withholds it has recorded the outcome, with the intent.
    if (released.error.kind === "audit_unavailable") outcome.settle("cut", { reason: "audit_unavailable" });
    return released;
  }
  ports.background(untilItEnds(performed.end, watchdog, outcome));
  return released;
}

/** A fault before the first await is a fault of the act, too. */
const begin = async <T>(perform: Act<T>["perform"], { signal }: Watchdog): Promise<Performed<T>> =>
  perform(signal);

function cutOff({ stale }: Watchdog, outcome: Outcome): Result<never, Withheld> {
  if (stale === undefined) throw new Error("an act ended without an end");
  outcome.settle("cut", { reason: stale.kind });
  return err(withheldBecause(stale));
}

async function untilItEnds(
  end: Performed<unknown>["end"],
  watchdog: Watchdog,
  outcome: Outcome,
): Promise<void> {
  const settled = Promise.resolve(end).catch((): ActEnd => ({ outcome: "failed" }));
  const ended = await Promise.race([settled, watchdog.cut]);
  watchdog.callOff();
  if (ended !== undefined && "outcome" in ended) outcome.settle(ended.outcome, ended.facts);
  else outcome.settle("cut", defined({ reason: watchdog.stale?.kind }));
}

/** Recorded once, whoever is first. It outlives the answer: an intent without one shows as open. */
class Outcome {
  readonly #ports: ActPorts;
  readonly #intent: Evidence;
  #isSettled = false;

  constructor(ports: ActPorts, intent: Evidence) {
    this.#ports = ports;
    this.#intent = intent;
  }

  settle(outcome: ActEnd["outcome"] | "cut", facts: ActEnd["facts"] = {}): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
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
