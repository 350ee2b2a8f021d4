/**
 * Records that an operator reads about people, keys or decisions. The record is written before the answer, and without
 * a record there is no answer (P8).
 */
import { draftRecord, type AuditFacts } from "../audit/record.ts";
import type { AuditSink } from "../audit/sink.ts";
import type { LedgerName } from "../contract/audit.ts";
import type { Clock } from "../kernel/clock.ts";
import type { IdSource } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { EVIDENCE_FULL, type Refusal } from "./answer/refusal.ts";
import { factsOf, type OperatorRequest } from "./request/ports.ts";

export interface ReadingPorts {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly sink: AuditSink;
}

/**
 * Records that an operator has read a ledger.
 * @param what the filters, or the id of the one record or decision.
 */
export const noteReading = (
  ports: ReadingPorts,
  request: OperatorRequest,
  ledger: LedgerName,
  what: Readonly<Record<string, unknown>>,
): Promise<Result<void, Refusal>> =>
  recordReading(ports, request, { workspace: ledger, kind: "audit.read", data: { ...what } });

/** Records that an operator got information. */
export async function recordReading(
  ports: ReadingPorts,
  request: OperatorRequest,
  facts: Pick<AuditFacts, "workspace" | "agent" | "user" | "target" | "data"> & {
    readonly kind: "audit.read" | "decision.asked" | "key.identified" | "idp.tested" | "catalog.tool_tested";
  },
): Promise<Result<void, Refusal>> {
  const recorded = await ports.sink.record(draftRecord(ports, { ...facts, ...factsOf(request) }));
  if (recorded.ok) return ok(undefined);
  if (recorded.error.kind === "evidence_full") return err(EVIDENCE_FULL);
  return err({
    code: "unavailable",
    detail: "Dome cannot record this reading right now. Repeat the request.",
    retryAfterSeconds: 1,
  });
}
