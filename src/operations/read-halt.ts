/**
 * Halt receipts: what was stopped, by whom, when it was effective, and the last decision that was admitted. Signed when
 * read, with a receipt key, so that it can be shown to somebody who does not trust the reader.
 */
import { AUDIT_LIST_LIMIT, type AuditEntry, type AuditQuery } from "../contract/audit.ts";
import type { Halt } from "../contract/halt.ts";
import type { SigningKeys } from "../access/signing-keys.ts";
import type { AuditSink } from "../audit/sink.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isId } from "../kernel/ids.ts";
import { signHaltReceipt } from "../tokens/halt-receipt.ts";
import { agentFor } from "./find.ts";
import { haltView } from "./halt-view.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import type { OperationPorts, Request } from "./ports.ts";
import { notFound, type Refusal } from "./refusal.ts";

export interface ReceiptPorts extends OperationPorts {
  readonly issuer: string;
  readonly signingKeys: SigningKeys;
  readonly ledgers: LedgerReader;
  readonly sink: AuditSink;
}

export async function readHalt(
  ports: ReceiptPorts,
  request: Request,
  target: { readonly agent: string; readonly workspace: string | undefined; readonly halt: string },
): Promise<Result<Halt, Refusal>> {
  const found = await agentFor(ports.db, request.operator, target.agent, target.workspace);
  if (!found.ok) return found;
  const progress = await ports.owners.agent(found.value.id).halt(target.halt);
  if (progress === null) return err(notFound("halt", target.halt));
  const last = await lastAdmitted(ports, found.value.workspaceId, found.value.id, progress.halt.effectiveAt);
  const {
    receipt: _unsigned,
    effective_in_ms: _forecast,
    ...evidence
  } = haltView(progress, { last_admitted: last, receipt: null });
  const signer = await ports.signingKeys.signer("receipt");
  const receipt = signer.ok
    ? await signHaltReceipt(evidence, { issuer: ports.issuer, now: ports.clock.now() }, signer.value)
    : null;
  return ok(haltView(progress, { last_admitted: last, receipt }));
}

/** The newest halts of an agent first, without signatures. */
export async function listHalts(
  ports: OperationPorts,
  request: Request,
  target: { readonly agent: string; readonly workspace: string | undefined },
): Promise<Result<{ items: Halt[]; next_cursor: null }, Refusal>> {
  const found = await agentFor(ports.db, request.operator, target.agent, target.workspace);
  if (!found.ok) return found;
  const halts = await ports.owners.agent(found.value.id).halts(200);
  return ok({ items: halts.map((progress) => haltView(progress)), next_cursor: null });
}

/** A stop overtakes calls in flight: what was decided and then withheld was not admitted. */
async function lastAdmitted(
  ports: ReceiptPorts,
  workspace: string,
  agent: string,
  effectiveAt: number | null,
): Promise<Halt["last_admitted"]> {
  const newest = async (query: Partial<AuditQuery>): Promise<readonly AuditEntry[]> => {
    const page = await ports.ledgers.list(workspace, {
      actor: agent,
      limit: AUDIT_LIST_LIMIT,
      order: "newest",
      ...query,
    });
    return page.ok ? page.value.items : [];
  };
  const until = effectiveAt === null ? undefined : new Date(effectiveAt).toISOString();
  const allowed = await newest({
    kind: "decision",
    decision: "allow",
    ...(until === undefined ? {} : { until }),
  });
  const withheld = new Set((await newest({ kind: "decision.withheld" })).map((entry) => entry.decision_id));
  const entry = allowed.find((candidate) => !withheld.has(candidate.decision_id));
  if (entry?.decision_id === undefined || !isId("dec", entry.decision_id)) return null;
  return { decision_id: entry.decision_id, time: entry.time };
}
