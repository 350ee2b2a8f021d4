/**
 * A call of a tool through a door of Dome. Every call runs the same steps (design part 9), a denied one too.
 *
 * 1 authenticate (done: the caller is the proof) → 2–5 judge → denied: release the decision
 *   → allowed: intent → leases → the act under a watchdog → release → outcome
 *
 * What the tool's kind makes of it (HTTP, MCP) is the act. It is told what was decided on, so that nothing else is sent.
 */
import { act, type ActPorts, type Intent, type Performed } from "../access/act.ts";
import type { Caller } from "../access/caller.ts";
import type { ContextHeaders } from "../access/context-headers.ts";
import type { AccessRequest } from "../access/evaluate.ts";
import {
  judge,
  type Decided,
  type DecisionPorts,
  type Judged,
  type Question,
  type RequestFacts,
} from "../access/judge.ts";
import { judgeAgain, type JudgeAgainPorts } from "../access/judge-again.ts";
import { release, type OverTier, type Released, type Unserved } from "../access/release.ts";
import type { Verdict } from "../access/verdict.ts";
import { withinRate } from "../access/within-rate.ts";
import { draftRecord } from "../audit/record.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Catalog, CatalogTool } from "../registry/catalog.ts";
import type { Work } from "../lifecycle/admission.ts";
import { freshnessOf, type Limits } from "../tiers/limits.ts";
import { actEnd } from "./act-end.ts";
import { untilEnd, withDeadline } from "./deadline.ts";
import type { Unanswered } from "./no-answer.ts";
import type { CallBook } from "./upstream/call-book.ts";
import { serverOf } from "./upstream/guarded-egress.ts";

export type ToolCallPorts = DecisionPorts &
  JudgeAgainPorts &
  ActPorts & {
    /** What runs in this isolate: an isolate's global. */
    readonly calls: CallBook;
    /** The same by the agent that calls. */
    readonly agentCalls: CallBook;
  };

export type ToolRequest = AccessRequest & { readonly kind: "tool" };

interface ToolCall<T> {
  /** Which operation of which tool, on the catalog that decides, and the arguments that its schema judges. */
  question(catalog: Catalog): Question<ToolRequest>;
  readonly request: RequestFacts;
  /** The server answers nothing to it, so that one record states it (`access/act.ts`); by default it does. */
  readonly isNotice?: boolean;
  /** `open`: it only ends what was admitted before, which an agent that is draining may, too; default: `new`. */
  readonly work?: Work;
  /**
   * @param permit who asked for what, what was decided, on which entry of the catalog, and the limits of the chain.
   * @param signal is aborted when the right to act ends, or its time is over.
   */
  perform(permit: Permit, signal: AbortSignal): Promise<Performed<T>>;
}

export interface Permit {
  readonly caller: Caller;
  readonly asked: AccessRequest;
  readonly request: RequestFacts;
  /** The caller's headers that the tool's entry names. */
  readonly headers: ContextHeaders;
  readonly decided: Decided;
  readonly tool: CatalogTool;
  readonly limits: Limits;
}

/** `denied`: the decision, released. `called`: the decision, and the released result of the act. */
export type Called<T> =
  | { readonly kind: "denied"; readonly asked: ToolRequest; readonly decision: Released<Decided> }
  | { readonly kind: "called"; readonly decided: Decided; readonly result: Released<T> };

/** An intent says how long the act may take: after that, an outcome that is still missing never comes. */
function intentOf(
  ports: ToolCallPorts,
  { decided, facts }: Judged,
  { maxActSeconds }: Limits,
  isNotice: boolean,
): Intent {
  const draft = isNotice
    ? draftRecord(ports, { ...facts, kind: "call.notice" })
    : draftRecord(ports, {
        ...facts,
        kind: "call.intent",
        data: { ...facts.data, max_act_seconds: maxActSeconds },
      });
  return { ...draft, decision_id: decided.id };
}

/** @throws what `perform` throws; the outcome is `failed` then. */
export async function callTool<T>(
  ports: ToolCallPorts,
  caller: Caller,
  { question, request, isNotice = false, work = "new", perform }: ToolCall<T>,
): Promise<Result<Called<T | Unanswered>, Unserved>> {
  // What ends a call, or tells of it, is not one of its own.
  const isCall = !isNotice && work === "new";
  const within = isCall ? await withinRate(ports, caller, request.requestId) : ok(undefined);
  if (!within.ok) return within;
  const judged = await judge(ports, caller, question, request);
  if (!judged.ok) return judged;
  const { question: asking, decided, catalog, limits, headers, facts, under } = judged.value;
  const { asked } = asking;
  const { state } = caller;
  const freshness = freshnessOf(limits);
  if (decided.decision === "deny") {
    const evidence = draftRecord(ports, { ...facts, kind: "decision" });
    const decision = await release(ports, { value: decided, evidence, state, freshness });
    return decision.ok ? ok({ kind: "denied", asked, decision: decision.value }) : decision;
  }
  const tool = catalog.tools.get(asked.name);
  // Either would have been a denial.
  if (tool === undefined || !limits.ok)
    throw new Error("a call was allowed without a tool or without limits");
  const place = isCall ? placeOf(ports, caller, limits.value) : ok(NO_PLACE);
  if (!place.ok) return place;
  const end = place.value;
  const permit = { caller, asked, request, headers, decided, tool, limits: limits.value };
  const running = { caller, question: asking, request, tool };
  const result = await act(ports, {
    intent: intentOf(ports, judged.value, limits.value, isNotice),
    state,
    standing: { under, again: (until) => judgeAgain(ports, running, until) },
    freshness,
    work,
    // As an operator has reviewed: it may begin while its intent is being written. A hint of the server is no review.
    readOnly: asked.part !== null && tool.readOnly.has(asked.part),
    perform: (signal) => {
      const timed = () =>
        withDeadline(ports.timers, limits.value.maxActSeconds * 1000, signal, (within) =>
          perform(permit, within),
        );
      // A notice takes no place: it may be what ends a call that has one.
      return isNotice ? timed() : untilEnd(end, () => withinBound<T>(ports, permit, timed));
    },
  }).catch((fault: unknown) => {
    end();
    throw fault;
  });
  if (result.ok) {
    ports.itemUses.note(caller.agents, asked);
    return ok({ kind: "called", decided, result: result.value });
  }
  end();
  const { error } = result;
  if (error.kind !== "no_longer_allowed") return err(error);
  const { verdict, state: now } = error;
  const value = { ...decided, ...whileItRan(verdict) };
  // Its outcome, which has the denial, is durable.
  const decision = await release(ports, { value, state: now, freshness, evidence: null, work: "open" });
  return decision.ok ? ok({ kind: "denied", asked, decision: decision.value }) : decision;
}

/** What the caller of an act is told that was cut because it would be denied now. */
export const whileItRan = (verdict: Verdict): Verdict => ({
  ...verdict,
  detail: `Dome has cut the call, because it is not allowed any more; it may have had its effect. ${verdict.detail}`,
});

const NO_PLACE = (): void => undefined;

/** A place among the open calls of the agent, taken before there is any evidence; it is given back at the end of the call. */
function placeOf(
  { agentCalls, clock }: ToolCallPorts,
  { agents: [{ id }] }: Caller,
  { openCalls: most, maxActSeconds }: Limits,
): Result<() => void, OverTier> {
  if (most === null) return ok(NO_PLACE);
  const end = agentCalls.begin(id, { since: clock.now(), mostMs: maxActSeconds * 1000 }, most);
  return end === null
    ? err({ kind: "over_tier", reason: "tier_open_calls", most, retryAfterMs: BUSY_S * 1000 })
    : ok(end);
}

/** How soon a caller may ask again when as many calls are open as may be, in seconds. */
const BUSY_S = 1;

/** A call that is one too many for its server ends here: permitted, recorded, and nothing sent. */
async function withinBound<T>(
  { calls, clock }: ToolCallPorts,
  { tool: { id, upstream }, limits }: Permit,
  perform: () => Promise<Performed<T>>,
): Promise<Performed<T | Unanswered>> {
  if (upstream === null) return perform();
  const call = { since: clock.now(), mostMs: limits.maxActSeconds * 1000 };
  const over = calls.begin(serverOf(id, upstream.url), call, upstream.maxOpenCalls);
  if (over !== null) return untilEnd(over, perform);
  return {
    value: { kind: "none", why: "upstream_busy", retryAfterSeconds: BUSY_S },
    end: actEnd(0, "failed", "upstream_busy", { attempts: 0, sent: 0 }),
  };
}
