/**
 * Halt receipts: what was stopped, by whom, when it was effective, and the last decision that was admitted. Signed when
 * read, with a receipt key, so that it can be shown to somebody who does not trust the reader.
 */
import type { AuditEntry } from "../contract/audit.ts";
import type { Halt } from "../contract/halt.ts";
import type { SigningKeys } from "../access/signing-keys.ts";
import type { AuditSink } from "../audit/sink.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isId, type AgentId, type WorkspaceId } from "../kernel/ids.ts";
import { signHaltReceipt, type HaltEvidence } from "../tokens/halt-receipt.ts";
import { haltView } from "./halt-view.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import type { HaltSource } from "./owners.ts";
import type { OperationPorts, Request } from "./ports.ts";
import { reachAgent, reachWorkspace, type AgentTarget } from "./reach.ts";
import { notFound, type Refusal } from "./refusal.ts";

/** A page for people; older halts are in the trail. */
const MOST_LISTED = 200;

export interface ReceiptPorts extends OperationPorts {
  readonly issuer: string;
  readonly signingKeys: SigningKeys;
  readonly ledgers: LedgerReader;
  readonly sink: AuditSink;
}

/** The receipt of one of an agent's halts. */
export async function readHalt(
  ports: ReceiptPorts,
  request: Request,
  target: AgentTarget & { readonly halt: string },
): Promise<Result<Halt, Refusal>> {
  const found = await reachAgent(ports, request, target);
  if (!found.ok) return found;
  const { id, workspaceId } = found.value;
  return receiptOf(ports, ports.owners.agent(id), target.halt, { workspace: workspaceId, actor: id });
}

/** The receipt of one of a workspace's halts. */
export async function readWorkspaceHalt(
  ports: ReceiptPorts,
  request: Request,
  target: { readonly workspace: string; readonly halt: string },
): Promise<Result<Halt, Refusal>> {
  const found = await reachWorkspace(ports, request, target.workspace);
  if (!found.ok) return found;
  const { id } = found.value;
  return receiptOf(ports, ports.owners.workspace(id), target.halt, { workspace: id });
}

/** The newest halts of an agent first, without signatures. */
export async function listHalts(
  ports: OperationPorts,
  request: Request,
  target: AgentTarget,
): Promise<Result<HaltPage, Refusal>> {
  const found = await reachAgent(ports, request, target);
  return found.ok ? ok(await haltsOf(ports.owners.agent(found.value.id))) : found;
}

/** The newest halts of a workspace first, without signatures. */
export async function listWorkspaceHalts(
  ports: OperationPorts,
  request: Request,
  workspace: string,
): Promise<Result<HaltPage, Refusal>> {
  const found = await reachWorkspace(ports, request, workspace);
  return found.ok ? ok(await haltsOf(ports.owners.workspace(found.value.id))) : found;
}

interface HaltPage {
  readonly items: Halt[];
  readonly next_cursor: null;
}

async function haltsOf(source: HaltSource): Promise<HaltPage> {
  const halts = await source.halts(MOST_LISTED);
  return { items: halts.map((progress) => haltView(progress)), next_cursor: null };
}

async function receiptOf(
  ports: ReceiptPorts,
  source: HaltSource,
  halt: string,
  stopped: { readonly workspace: WorkspaceId; readonly actor?: AgentId },
): Promise<Result<Halt, Refusal>> {
  const progress = await source.halt(halt);
  if (progress === null) return err(notFound(`halt (${halt})`));
  const last = await lastAdmitted(ports, stopped, progress.halt.effectiveAt);
  const {
    receipt: _unsigned,
    effective_in_ms: _forecast,
    ...evidence
  } = haltView(progress, { last_admitted: last, receipt: null });
  return ok(haltView(progress, { last_admitted: last, receipt: await signed(ports, evidence) }));
}

/** Without the registry there may be no key to sign with; what was stopped can be read all the same. */
async function signed(ports: ReceiptPorts, evidence: HaltEvidence): Promise<string | null> {
  try {
    const signer = await ports.signingKeys.signer("receipt");
    if (!signer.ok) return null;
    return await signHaltReceipt(evidence, { issuer: ports.issuer, now: ports.clock.now() }, signer.value);
  } catch (fault) {
    ports.log.write("warn", "halt.receipt_unsigned", { halt: evidence.id, fault: String(fault) });
    return null;
  }
}

async function lastAdmitted(
  ports: ReceiptPorts,
  { workspace, actor }: { readonly workspace: WorkspaceId; readonly actor?: AgentId },
  effectiveAt: number | null,
): Promise<Halt["last_admitted"]> {
  const until = effectiveAt === null ? undefined : new Date(effectiveAt).toISOString();
  const page = await ports.ledgers.list(workspace, {
    kind: "decision",
    decision: "allow",
    limit: 1,
    order: "newest",
    ...(actor === undefined ? {} : { actor }),
    ...(until === undefined ? {} : { until }),
  });
  const entry: AuditEntry | undefined = page.ok ? page.value.items[0] : undefined;
  if (entry?.decision_id === undefined || !isId("dec", entry.decision_id)) return null;
  return { decision_id: entry.decision_id, time: entry.time };
}
