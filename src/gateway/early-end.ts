/** Why a call, or its answer, has ended before its end: in the words of its outcome. */
import { UpstreamFault, type UpstreamEnd } from "../egress/open.ts";
import type { NotSent } from "./credential/send.ts";
import { ActTooLong } from "./deadline.ts";
import type { CircuitOpen } from "./upstream/guarded-egress.ts";
import { OtherLength, type StreamEnd } from "./observed.ts";
import type { CallFault, NoAnswer } from "./who-failed.ts";

/**
 * Of a call without an answer.
 * @param signal of the act: it says whether an aborted call had taken too long.
 */
export function reasonOf(
  kind: NotSent["kind"] | "address_refused" | CircuitOpen["kind"] | UpstreamEnd,
  signal: AbortSignal,
): NoAnswer {
  switch (kind) {
    case "credential_missing":
    case "context_unsigned":
      return "upstream_credential_missing";
    case "token_refused":
      return "upstream_token_refused";
    case "timed_out":
      return "upstream_timeout";
    case "too_large":
      return "upstream_too_large";
    case "aborted":
      return signal.reason instanceof ActTooLong ? "act_too_long" : "upstream_unreachable";
    case "undecodable":
      return "upstream_failed";
    case "circuit_open":
      return "upstream_circuit_open";
    case "body_silent":
      return "caller_silent";
    case "body_broken":
      return "body_incomplete";
    case "unreachable":
    case "address_refused":
      return "upstream_unreachable";
  }
}

/** Undefined for a whole answer. */
export function reasonOfEnd(end: StreamEnd, signal: AbortSignal): CallFault | undefined {
  if (end.kind === "whole") return undefined;
  if (end.kind === "abandoned") return "caller_gone";
  return reasonOfFault(end.fault, signal);
}

/** Of the error that reading an answer has thrown. */
export function reasonOfFault(fault: unknown, signal: AbortSignal): NoAnswer {
  if (fault instanceof OtherLength) return "upstream_failed";
  return reasonWithin(fault instanceof UpstreamFault ? fault.end : "unreachable", signal);
}

/** Of an answer that had begun. */
export function reasonWithin(end: UpstreamEnd, signal: AbortSignal): NoAnswer {
  const reason = reasonOf(end, signal);
  if (reason === "upstream_timeout") return "upstream_silent";
  return reason === "upstream_unreachable" ? "upstream_lost" : reason;
}
