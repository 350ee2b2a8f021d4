/**
 * Halt receipts: what was stopped, by whom, when it was effective, and the last admitted decision. A receipt is signed
 * when it is read, with a receipt key, so that it can be shown to a third party.
 */
import { AUDIT_LIST_LIMIT, type AuditEntry, type AuditQuery } from "../contract/audit.ts";
import type { Halt } from "../contract/halt.ts";
import type { Operator } from "../access/operator.ts";
import type { SigningKeys } from "../access/signing-keys.ts";
import type { AuditSink } from "../audit/sink.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isId, type AgentId, type WorkspaceId } from "../kernel/ids.ts";
import { mayDo } from "../operators/permissions.ts";
import { signHaltReceipt, type HaltEvidence } from "../tokens/halt-receipt.ts";
import { pageUpTo } from "../storage/list-order.ts";
import { effectiveAtOf, haltFor, haltView } from "./answer/halt-view.ts";
import { listCursor, placeAfter } from "./answer/list-cursor.ts";
import type { Page } from "./answer/page.ts";
import type { LedgerReader, StopCause } from "./owners/ledger-reader.ts";
import type { HaltProgress, HaltSource, StoredHalt } from "./owners/halts.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { reachAgent, reachWorkspace, type AgentTarget } from "./request/resolve-or-emergency.ts";
import { notFound, type Refusal } from "./answer/refusal.ts";

/** The most agents for which the last admitted decision is looked up: it takes four ledger queries for each. */
const MOST_ACTORS = 25;
const FEW = 20;

export interface ReceiptPorts extends OperationPorts {
  readonly issuer: string;
  readonly signingKeys: SigningKeys;
  readonly ledgers: LedgerReader;
  readonly sink: AuditSink;
}

/** The receipt of one of an agent's halts. */
export async function readHalt(
  ports: ReceiptPorts,
  request: OperatorRequest,
  target: AgentTarget & { readonly halt: string },
): Promise<Result<Halt, Refusal>> {
  const found = await reachAgent(ports, request, target);
  if (!found.ok) return found;
  const { id, workspaceId } = found.value;
  return receiptOf(ports, request.operator, ports.owners.agent(id), target.halt, workspaceId);
}

/** The receipt of one of a workspace's halts. */
export async function readWorkspaceHalt(
  ports: ReceiptPorts,
  request: OperatorRequest,
  target: { readonly workspace: string; readonly halt: string },
): Promise<Result<Halt, Refusal>> {
  const found = await reachWorkspace(ports, request, target.workspace);
  if (!found.ok) return found;
  const { id } = found.value;
  return receiptOf(ports, request.operator, ports.owners.workspace(id), target.halt, id);
}

interface HaltListQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The halts of an agent, newest first, unsigned. */
export async function listHalts(
  ports: OperationPorts,
  request: OperatorRequest,
  target: AgentTarget,
  query: HaltListQuery,
): Promise<Result<Page<Halt>, Refusal>> {
  const found = await reachAgent(ports, request, target);
  if (!found.ok) return found;
  const { id } = found.value;
  return haltsOf(ports, request.operator, { source: ports.owners.agent(id), id }, query);
}

/** The halts of a workspace, newest first, unsigned. */
export async function listWorkspaceHalts(
  ports: OperationPorts,
  request: OperatorRequest,
  workspace: string,
  query: HaltListQuery,
): Promise<Result<Page<Halt>, Refusal>> {
  const found = await reachWorkspace(ports, request, workspace);
  if (!found.ok) return found;
  const { id } = found.value;
  return haltsOf(ports, request.operator, { source: ports.owners.workspace(id), id }, query);
}

async function haltsOf(
  ports: OperationPorts,
  reader: Operator,
  owner: { readonly source: HaltSource; readonly id: AgentId | WorkspaceId },
  { limit, cursor }: HaltListQuery,
): Promise<Result<Page<Halt>, Refusal>> {
  const question = { list: "halts", of: owner.id };
  const after = await placeAfter(ports, question, cursor);
  if (!after.ok) return after;
  const halts = await owner.source.halts({ after: after.value, limit });
  const placed = halts.map((progress) => ({
    value: progress.halt.committedAt,
    id: progress.halt.id,
    view: haltView(reader, progress),
  }));
  const { shown, next } = pageUpTo(placed, limit, undefined);
  return ok({
    items: shown.map(({ view }) => view),
    next_cursor: next === null ? null : await listCursor(ports, question, next),
  });
}

async function receiptOf(
  ports: ReceiptPorts,
  reader: Operator,
  source: HaltSource,
  halt: string,
  workspace: WorkspaceId,
): Promise<Result<Halt, Refusal>> {
  const found = await source.halt(halt);
  if (found === null) return err(notFound("halt", halt));
  const progress = haltFor(reader, found);
  const family = progress.cascade?.agents ?? [];
  const agents = [...progress.halt.agents, ...family].map(({ agent }) => agent);
  // Every operator may know the last decision of an agent it may see; anything else requires `audit:read`.
  const mayKnow = progress.halt.agents.length > 0 || mayDo(reader.role, "audit:read");
  const filters = mayKnow ? filtersOf(progress.halt, agents) : [];
  const [last, cut] = await Promise.all([
    lastAdmitted(ports, workspace, filters, effectiveAtOf(progress)),
    mayKnow ? actsCut(ports, workspace, progress, agents) : null,
  ]);
  const {
    receipt: _unsigned,
    effective_in_ms: _forecast,
    ...evidence
  } = haltView(reader, progress, { last_admitted: last, acts_cut: cut, receipt: null });
  const more = { last_admitted: last, acts_cut: cut, receipt: await signed(ports, evidence) };
  return ok(haltView(reader, progress, more));
}

/** Null when no key to sign with can be read: the receipt of a stop can be read even while D1 is down. */
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

/**
 * The ledger filters for what a halt stopped: for a workspace everything, for agents what each of them took part in.
 */
function filtersOf(halt: StoredHalt, agents: readonly AgentId[]): readonly Partial<AuditQuery>[] {
  if (halt.kind === "workspace") return [{}];
  if (halt.user !== undefined) return [{ user: halt.user }];
  if (halt.txn !== undefined) return [{ txn: halt.txn }];
  return agents.map((actor) => ({ actor }));
}

const newestFirst = (entries: readonly AuditEntry[]): readonly AuditEntry[] =>
  entries.toSorted((a, b) => b.time.localeCompare(a.time));

/** By how much the clock of an isolate may differ from that of the object, in milliseconds. */
const SKEW_MS = 1_000;

/** Null where the stop names more than this reader is told, or the ledger has too much to count. */
async function actsCut(
  { ledgers, clock }: ReceiptPorts,
  workspace: WorkspaceId,
  progress: HaltProgress,
  agents: readonly AgentId[],
): Promise<number | null> {
  const by = causeOf(progress, agents);
  if (by === null) return null;
  const until = (effectiveAtOf(progress) ?? clock.now()) + SKEW_MS;
  return ledgers.cutActs(workspace, { since: progress.halt.committedAt - SKEW_MS, until, by });
}

function causeOf({ halt, cascade }: HaltProgress, agents: readonly AgentId[]): StopCause | null {
  switch (halt.kind) {
    case "workspace":
      return { kind: "workspace" };
    case "key":
      return { kind: "keys", keys: halt.keys };
    case "user":
      return halt.user === undefined ? null : { kind: "user", user: halt.user };
    case "transaction":
      return halt.txn === undefined ? null : { kind: "transaction", txn: halt.txn };
    case "suspend":
    case "revoke":
      return (cascade?.total ?? 1) > agents.length ? null : { kind: "agents", agents };
  }
}

/**
 * The newest decision that admitted a call of what was stopped; null for a family with too many members. A stop
 * overtakes calls in flight: a call that was allowed and then withheld was not admitted.
 */
async function lastAdmitted(
  ports: ReceiptPorts,
  workspace: WorkspaceId,
  filters: readonly Partial<AuditQuery>[],
  effectiveAt: number | null,
): Promise<Halt["last_admitted"]> {
  if (filters.length > MOST_ACTORS) return null;
  const until = effectiveAt === null ? {} : { until: rfc3339(effectiveAt) };
  const newest = async (query: Partial<AuditQuery>): Promise<readonly AuditEntry[]> => {
    const limit = filters.length === 1 ? AUDIT_LIST_LIMIT : FEW;
    const page = await ports.ledgers.list(workspace, { limit, order: "newest", ...query });
    return page.ok ? page.value.items : [];
  };
  const looks = filters.map(async (filter) => {
    const [decisions, acts] = await Promise.all([
      newest({ ...filter, ...until, kind: "decision", decision: "allow" }),
      // Intents and notices: an outcome decides nothing.
      newest({ ...filter, ...until, kind: "call.*", decision: "allow" }),
    ]);
    const [withheld, outcomes] = await Promise.all([
      newest({ ...filter, kind: "decision.withheld" }),
      newest({ ...filter, kind: "call.outcome" }),
    ]);
    const notAdmitted = outcomes.filter(({ outcome }) => outcome === "not_admitted");
    const taken = new Set([...withheld, ...notAdmitted].map((entry) => entry.decision_id));
    return newestFirst([...decisions, ...acts]).find((candidate) => !taken.has(candidate.decision_id));
  });
  const found = (await Promise.all(looks)).filter((entry) => entry !== undefined);
  const [last] = newestFirst(found);
  if (last?.decision_id === undefined || !isId("dec", last.decision_id)) return null;
  return { decision_id: last.decision_id, time: last.time };
}
