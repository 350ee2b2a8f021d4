/** Changing and removing what is in the catalog. What agents declare is removed only with force, and with the list of who loses it. */
import type { AuditKind } from "../contract/audit-kinds.ts";
import { entryRemoved, type EntryRemoved } from "../contract/catalog.ts";
import { draftRecord } from "../audit/record.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { CatalogChange, EntryKind } from "../registry/catalog-writes.ts";
import { declarersOf, findEntry } from "../registry/catalog.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import { findAnswer } from "../storage/idempotency.ts";
import { catalogIntegrations, catalogPools, catalogTools } from "../storage/tables/catalog.ts";
import { workspaceFor } from "./resolve.ts";
import type { Configured } from "./owner-answer.ts";
import { factsOf, requestKey, requestMeta, type OperationPorts, type OperatorRequest } from "./ports.ts";
import { notFound, refusalOf, type Refusal } from "./refusal.ts";

const TABLES = { tool: catalogTools, pool: catalogPools, integration: catalogIntegrations } as const;

export interface EntryTarget {
  readonly kind: EntryKind;
  readonly name: string;
  readonly workspace: string | undefined;
}

/**
 * @param set columns and their new values.
 * @param view the entry as the API shows it.
 * @param refused why the entry, as it would be, may not be kept.
 */
export async function updateEntry<View>(
  ports: OperationPorts,
  request: OperatorRequest,
  target: EntryTarget,
  set: Readonly<Record<string, unknown>>,
  view: (row: never) => View,
  refused: (row: never) => Refusal | undefined = () => undefined,
): Promise<Result<View, Refusal>> {
  const { kind, name } = target;
  const found = await find(ports, request, target);
  if (!found.ok) return found;
  const { home, row } = found.value;
  if (row === undefined) return err(notFound(kind, name));
  const after = { ...row, ...set } as never;
  const refusal = refused(after);
  if (refusal !== undefined) return err(refusal);
  const updated = view(after);
  const outcome = await change(ports, request, home, { act: "update", kind, name, set }, updated, {
    kind: `catalog.${kind}_updated`,
    data: { changed: Object.keys(set) },
  });
  if (!outcome.ok) return err(refusalOf(outcome.error));
  return ok(outcome.value.kind === "done" ? updated : (JSON.parse(outcome.value.body) as View));
}

/** Refused while agents declare it: the refusal names them. With `force` the answer does. */
export async function removeEntry(
  ports: OperationPorts,
  request: OperatorRequest,
  target: EntryTarget,
  force: boolean,
): Promise<Result<EntryRemoved, Refusal>> {
  const { kind, name } = target;
  const found = await find(ports, request, target);
  if (!found.ok) return found;
  const { home, row } = found.value;
  if (row === undefined) {
    const key = requestKey(request, home.id);
    const earlier = key === null ? undefined : await findAnswer(ports.db, key);
    if (earlier?.sameBody !== true) return err(notFound(kind, name));
    return ok(entryRemoved.parse(JSON.parse(earlier.body)));
  }
  const lostBy = await declarersOf(ports.db, home.id, kind, name);
  const removed: EntryRemoved = { name, removed: true, lost_by: lostBy };
  const removal: CatalogChange = { act: "remove", kind, name, force };
  const outcome = await change(ports, request, home, removal, removed, {
    kind: `catalog.${kind}_removed`,
    data: { force, lost_by: lostBy.map((agent) => agent.agent) },
  });
  if (!outcome.ok) return err(inUse(refusalOf(outcome.error), lostBy));
  return ok(outcome.value.kind === "done" ? removed : entryRemoved.parse(JSON.parse(outcome.value.body)));
}

const inUse = (refusal: Refusal, lostBy: EntryRemoved["lost_by"]): Refusal =>
  refusal.code === "in_use"
    ? {
        ...refusal,
        errors: lostBy.map((agent) => ({
          member: agent.name,
          detail: `declares ${agent.declared.join(", ")}`,
        })),
      }
    : refusal;

async function find(ports: OperationPorts, request: OperatorRequest, { kind, name, workspace }: EntryTarget) {
  const home = await workspaceFor(ports.db, request.operator, workspace);
  if (!home.ok) return home;
  return ok({ home: home.value, row: await findEntry(ports.db, TABLES[kind], home.value.id, name) });
}

function change(
  ports: OperationPorts,
  request: OperatorRequest,
  home: WorkspaceRow,
  entry: Extract<CatalogChange, { act: "update" | "remove" }>,
  answer: unknown,
  record: { readonly kind: AuditKind; readonly data: object },
): Promise<Configured> {
  return ports.owners.workspace(home.id).configure({
    change: ports.ids.next("chg"),
    meta: requestMeta(request, home.id),
    content: { kind: "catalog", entry },
    answer: JSON.stringify(answer),
    audit: [
      draftRecord(ports, {
        workspace: home.id,
        target: { type: entry.kind, id: entry.name },
        ...factsOf(request),
        ...record,
      }),
    ],
  });
}
