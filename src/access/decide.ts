/**
 * A check: the decision on a question, where the answer itself is all that is released. Every check runs the same
 * steps (design part 9), a denied one too.
 *
 * 1 authenticate (done: the caller is the proof) → 2–5 judge → 6–8 release
 */
import { draftRecord } from "../audit/record.ts";
import { err, type Result } from "../kernel/result.ts";
import { freshnessOf, limitsOf } from "../tiers/limits.ts";
import type { Caller } from "./caller.ts";
import type { AccessRequest } from "./evaluate.ts";
import { judge, type Decided, type DecisionPorts, type RequestFacts } from "./judge.ts";
import { withinRate } from "./within-rate.ts";
import { release, type Released, type Unserved } from "./release.ts";

interface CheckRequestFacts extends Omit<RequestFacts, "headers"> {
  /** Size of the body in bytes. */
  readonly bytes: number;
}

export type Undecided = Unserved | { readonly kind: "body_too_large"; readonly most: number };

export async function decide(
  ports: DecisionPorts,
  caller: Caller,
  asked: AccessRequest,
  args: unknown,
  request: CheckRequestFacts,
): Promise<Result<Released<Decided>, Undecided>> {
  const limits = limitsOf(ports.tiers, caller.agents);
  if (limits.ok && request.bytes > limits.value.maxBodyBytes) {
    return err({ kind: "body_too_large", most: limits.value.maxBodyBytes });
  }
  const within = await withinRate(ports, caller, request.requestId);
  if (!within.ok) return within;
  const judged = await judge(ports, caller, () => ({ asked, args }), { ...request, headers: null });
  if (!judged.ok) return judged;
  const { decided, facts } = judged.value;
  const released = await release(ports, {
    value: decided,
    evidence: draftRecord(ports, { ...facts, kind: "decision" }),
    state: caller.state,
    freshness: freshnessOf(limits),
  });
  if (released.ok && decided.decision === "allow") ports.itemUses.note(caller.agents, asked);
  return released;
}
