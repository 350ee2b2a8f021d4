/**
 * The way to the server behind a tool, with a circuit before it. Every connection for a caller goes through here; what an
 * operator asks of a server does not, because the question is then whether it works.
 */
import type { Egress, OpenRefusal } from "../../egress/egress.ts";
import type { UpstreamLimits, UpstreamRequest, UpstreamResponse } from "../../egress/open.ts";
import type { BoundedMap } from "../../kernel/bounded-map.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { err, type Result } from "../../kernel/result.ts";
import { isOfNobody } from "./status.ts";
import { CLOSED, enter, leave, type Circuit, type Experience } from "./circuit.ts";

/** The server has failed several times in a row, and nothing was sent. */
export interface CircuitOpen {
  readonly kind: "circuit_open";
  readonly retryAfterMs: number;
}

/** The way out, with or without a circuit before it. */
export interface ServerEgress {
  open(
    request: UpstreamRequest,
    limits: UpstreamLimits,
  ): Promise<Result<UpstreamResponse, OpenRefusal | CircuitOpen>>;
}

export interface CircuitPorts {
  readonly egress: Pick<Egress, "open">;
  readonly clock: Clock;
  /** By server. Plain data, bounded: an isolate's global. Of a server that never failed there is none. */
  readonly circuits: BoundedMap<string, Circuit>;
}

/**
 * What a circuit and a count belong to: one tool at one origin. Tools of other workspaces at the same origin have their
 * own, so that no workspace opens the circuit of another one, or learns that the other one calls.
 */
export const serverOf = (tool: Id<"tol">, url: string): string => `${tool} ${new URL(url).origin}`;

/** @param server as `serverOf` names it. */
export const guardedEgress = ({ egress, clock, circuits }: CircuitPorts, server: string): ServerEgress => ({
  async open(request, limits) {
    const entered = enter(circuits.get(server) ?? CLOSED, clock.now());
    if (entered.kind === "refused") return err({ kind: "circuit_open", retryAfterMs: entered.retryAfterMs });
    keep(circuits, server, entered.circuit);
    const answer = await egress.open(request, limits);
    const now = circuits.get(server) ?? CLOSED;
    keep(circuits, server, leave(now, entered.generation, experienceOf(answer), clock.now()));
    return answer;
  },
});

/** When it is worth asking again, in seconds. */
export const retryAfterOf = (fault: { readonly kind: string } | CircuitOpen): number | undefined =>
  "retryAfterMs" in fault ? Math.max(1, Math.ceil(fault.retryAfterMs / 1000)) : undefined;

/** Whether anything of a call can have reached the server that has not answered it. */
export const isSent = ({ kind }: { readonly kind: string }): boolean =>
  kind !== "circuit_open" && kind !== "address_refused";

/** Whether a call may be sent now that the last one was not answered. */
export const isClosed = ({ circuits }: Pick<CircuitPorts, "circuits">, server: string): boolean =>
  (circuits.get(server) ?? CLOSED).kind === "closed";

function keep(circuits: CircuitPorts["circuits"], server: string, circuit: Circuit): void {
  const { kind, generation } = circuit;
  const isNew = kind === "closed" && circuit.failures === 0 && generation === 0;
  if (isNew) circuits.delete(server);
  else circuits.set(server, circuit);
}

/**
 * Only the beginning of an answer counts: a stream that breaks or falls silent later may have had nothing to say. What
 * the caller or a stop has ended says nothing, and a refusal of the server (4xx, 500) says that it works.
 */
function experienceOf(answer: Result<UpstreamResponse, OpenRefusal>): Experience {
  if (answer.ok) return isOfNobody(answer.value.status) ? "failed" : "answered";
  switch (answer.error.kind) {
    case "unreachable":
    case "timed_out":
      return "failed";
    case "undecodable":
    case "too_large":
      return "answered";
    case "aborted":
    case "body_silent":
    case "body_broken":
    case "address_refused":
      return "unknown";
  }
}
