/**
 * The audit list: one ledger, filtered. Agents may be named; the ledger knows them by id. Whoever reads the trail is
 * in it: the reading is recorded before it is answered.
 */
import { draftRecord } from "../audit/record.ts";
import type { AuditQuery, LedgerName, ShownEntry } from "../contract/audit.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isId, type WorkspaceId } from "../kernel/ids.ts";
import { findAgent } from "../registry/agents.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import { workspaceFor } from "./request/resolve.ts";
import { withNames } from "./answer/names.ts";
import type { Page } from "./answer/page.ts";
import type { AuditListRefusal } from "./owners/ledger-reader.ts";
import { factsOf, type OperatorRequest } from "./request/ports.ts";
import type { ReceiptPorts } from "./read-halt.ts";
import { EVIDENCE_FULL, memberRefusal, shown, type Refusal } from "./answer/refusal.ts";

export type AuditListQuery = Partial<AuditQuery> & { readonly workspace?: string | undefined };

export async function listAudit(
  ports: ReceiptPorts,
  request: OperatorRequest,
  query: AuditListQuery,
): Promise<Result<Page<ShownEntry>, Refusal>> {
  const resolved = await resolveQuery(ports, request, query);
  if (!resolved.ok) return resolved;
  const { ledger, workspace, filters } = resolved.value;
  const page = await ports.ledgers.list(ledger, filters);
  if (!page.ok) return err(filterRefusal(page.error));
  const { items, emails, next_cursor } = page.value;
  const [named, noted] = await Promise.all([
    withNames(ports.db, workspace, items, emails),
    noteReading(ports, request, ledger, recordable(query)),
  ]);
  return noted.ok ? ok({ items: named, next_cursor }) : noted;
}

/** What a query reads. */
export interface ResolvedQuery {
  readonly ledger: LedgerName;
  /** Null: the organization's own trail. */
  readonly workspace: WorkspaceId | null;
  readonly filters: Record<string, unknown>;
}

/** Which ledger a query reads, and its filters with agents by id. */
export async function resolveQuery(
  ports: ReceiptPorts,
  request: OperatorRequest,
  { workspace, ...query }: AuditListQuery,
): Promise<Result<ResolvedQuery, Refusal>> {
  const { since, until } = query;
  if (since !== undefined && until !== undefined && Date.parse(until) < Date.parse(since))
    return err(memberRefusal("invalid_request", "until", "until must not be before since."));
  const home = await ledgerFor(ports, request, workspace);
  if (!home.ok) return home;
  const agent = await agentId(ports, home.value.row, query.agent, "agent");
  if (!agent.ok) return agent;
  const actor = await agentId(ports, home.value.row, query.actor, "actor");
  if (!actor.ok) return actor;
  const { ledger, row } = home.value;
  return ok({
    ledger,
    workspace: row?.id ?? null,
    filters: { ...query, agent: agent.value, actor: actor.value },
  });
}

/** What a record of a reading says of its filters: not whom they name, because a person in `data` cannot be erased. */
export function recordable({
  operator: _person,
  ...what
}: AuditListQuery): Readonly<Record<string, unknown>> {
  return what;
}

export function filterRefusal(refusal: AuditListRefusal): Refusal {
  const member = refusal.kind === "bad_cursor" ? "cursor" : refusal.member;
  return memberRefusal("invalid_request", member, `The filter ${member} is not right.`);
}

/** Records that an operator has read of a trail. @param what what of it: filters, or the one decision. */
export async function noteReading(
  ports: ReceiptPorts,
  request: OperatorRequest,
  ledger: LedgerName,
  what: Readonly<Record<string, unknown>>,
): Promise<Result<void, Refusal>> {
  const facts = { workspace: ledger, kind: "audit.read" as const, ...factsOf(request), data: { ...what } };
  const recorded = await ports.sink.record(draftRecord(ports, facts));
  if (recorded.ok) return ok(undefined);
  if (recorded.error.kind === "evidence_full") return err(EVIDENCE_FULL);
  return err({
    code: "unavailable",
    detail: "The reading cannot be recorded right now. Repeat it.",
    retryAfterSeconds: 1,
  });
}

/** The organization's own ledger is for those who see the whole installation. */
async function ledgerFor(
  ports: ReceiptPorts,
  request: OperatorRequest,
  workspace: string | undefined,
): Promise<Result<{ ledger: LedgerName; row: WorkspaceRow | null }, Refusal>> {
  if (workspace === "org") {
    if (request.operator.workspaces === null) return ok({ ledger: "org", row: null });
    return err({
      code: "forbidden",
      detail: "The trail of the organization needs a token for all workspaces.",
    });
  }
  const home = await workspaceFor(ports.db, request.operator, workspace);
  return home.ok ? ok({ ledger: home.value.id, row: home.value }) : home;
}

async function agentId(
  ports: ReceiptPorts,
  workspace: WorkspaceRow | null,
  reference: string | undefined,
  member: string,
): Promise<Result<string | undefined, Refusal>> {
  if (reference === undefined || isId("agt", reference)) return ok(reference);
  const found = workspace === null ? undefined : await findAgent(ports.db, workspace.id, reference);
  if (found !== undefined) return ok(found.id);
  return err(memberRefusal("invalid_request", member, `The workspace has no such agent${shown(reference)}.`));
}
