/**
 * Lists the records of one ledger, filtered. Agents may be given by name; the ledger knows them by id. Reading the
 * ledger is itself recorded, before the answer.
 */
import type { LedgerName, ShownEntry } from "../contract/audit.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isId, type WorkspaceId } from "../kernel/ids.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import { workspaceFor } from "./request/resolve.ts";
import { defined } from "../kernel/defined.ts";
import { whyNot } from "../operators/permissions.ts";
import { resolveNames, unknownFilter, type AuditFilters, type UserFilter } from "./audit-filters.ts";
import { withNames } from "./answer/names.ts";
import { noteReading } from "./note-reading.ts";
import type { Page } from "./answer/page.ts";
import type { AuditListRefusal } from "./owners/ledger-reader.ts";
import type { OperatorRequest } from "./request/ports.ts";
import type { ReceiptPorts } from "./read-halt.ts";
import { memberRefusal, notFound, type Refusal } from "./answer/refusal.ts";

export type AuditListQuery = AuditFilters & UserFilter & { readonly workspace?: string | undefined };

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
    noteReading(ports, request, ledger, recordable(query, filters)),
  ]);
  if (!noted.ok) return noted;
  const isFirst = query.cursor === undefined && query.after === undefined;
  if (items.length === 0 && next_cursor === null && isFirst) {
    const seesOperators = whyNot(request.operator, "operators:read") === null;
    const unknown = await unknownFilter(ports, resolved.value, seesOperators);
    if (unknown !== null) return err(unknown);
  }
  return ok({ items: named, next_cursor });
}

/** One record, by its id. */
export async function showAuditRecord(
  ports: ReceiptPorts,
  request: OperatorRequest,
  id: string,
  workspace: string | undefined,
): Promise<Result<ShownEntry, Refusal>> {
  const home = await ledgerFor(ports, request, workspace);
  if (!home.ok) return home;
  const { ledger, row } = home.value;
  const found = isId("evt", id) ? await ports.ledgers.record(ledger, id) : null;
  const [entry] =
    found === null ? [] : await withNames(ports.db, row?.id ?? null, found.entries, found.emails);
  if (entry === undefined) return err(notFound("record", id));
  const noted = await noteReading(ports, request, ledger, { record: id });
  return noted.ok ? ok(entry) : noted;
}

/** A resolved query. */
interface ResolvedQuery {
  readonly ledger: LedgerName;
  /** Null for the organization's ledger. */
  readonly workspace: WorkspaceId | null;
  /** For messages, for instance `workspace support`. */
  readonly place: string;
  readonly filters: AuditFilters;
}

/** The ledger that a query reads, and its filters with ids instead of names. */
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
  const { ledger, row } = home.value;
  const place = row === null ? "the organization's own ledger" : `workspace ${row.name}`;
  const found = await resolveNames(ports, { row, place }, query);
  return found.ok ? ok({ ledger, workspace: row?.id ?? null, place, filters: found.value }) : found;
}

/**
 * The filters as the record of a reading repeats them: without personal data, which could not be erased from `data`. A
 * user is named by id.
 */
export function recordable(
  {
    operator: _person,
    user: _user,
    issuer: _issuer,
    subject: _subject,
    tenant: _tenant,
    ...what
  }: AuditListQuery,
  { user }: AuditFilters,
): Readonly<Record<string, unknown>> {
  return { ...what, ...defined({ user }) };
}

export function filterRefusal(refusal: AuditListRefusal): Refusal {
  const member = refusal.kind === "bad_cursor" ? "cursor" : refusal.member;
  return memberRefusal("invalid_request", member, `The filter ${member} is not valid.`);
}

/** The organization's ledger is only for operators who may see all workspaces. */
async function ledgerFor(
  ports: Pick<ReceiptPorts, "db">,
  request: OperatorRequest,
  workspace: string | undefined,
): Promise<Result<{ ledger: LedgerName; row: WorkspaceRow | null }, Refusal>> {
  if (workspace === "org") {
    if (request.operator.workspaces === null) return ok({ ledger: "org", row: null });
    return err({
      code: "forbidden",
      detail: "The organization's ledger needs a token for all workspaces.",
    });
  }
  const home = await workspaceFor(ports.db, request.operator, workspace);
  return home.ok ? ok({ ledger: home.value.id, row: home.value }) : home;
}
