/**
 * Adding to the catalog of a workspace, changing an entry, removing one. A change of an entry is judged on the entry as it
 * is in the very configuration that the change is based on, so that two changes together never make what neither may. What
 * agents declare is removed only with force, and with the list of who loses it.
 */
import { entryRemoved, type EntryRemoved } from "../contract/catalog.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { declarersOf, findEntry, type CatalogTable } from "../registry/catalog.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import type { CatalogKind } from "./rules/catalog-kinds.ts";
import { answerOf, change, changedWorkspace } from "./change/change.ts";
import { staleUnder, type IfMatch } from "./request/if-match.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { notFound, workspaceRefusalOf, type Refusal } from "./answer/refusal.ts";
import { workspaceFor } from "./request/resolve.ts";

interface EntryTarget {
  readonly name: string;
  readonly workspace: string | undefined;
  /** Versions of the entry. */
  readonly ifMatch: IfMatch;
}

export async function addEntry<
  Table extends CatalogTable,
  Create extends { readonly name: string; readonly workspace?: string | undefined },
  View,
>(
  ports: OperationPorts,
  request: OperatorRequest,
  kind: CatalogKind<Table, Omit<Create, "workspace">, never, View>,
  { workspace, ...members }: Create,
): Promise<Result<View, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, workspace);
  if (!home.ok) return home;
  const { id: workspaceId } = home.value;
  const row = {
    ...kind.columns(members),
    id: ports.ids.next(kind.id),
    workspaceId,
    createdAt: ports.clock.now(),
    version: 1,
  } as Table["$inferSelect"];
  const refusal = kind.refuse(row);
  if (refusal !== undefined) return err(refusal);
  const added = await change(ports, request, changedWorkspace(ports, workspaceId), kind.schema, async () =>
    ok({
      answer: kind.view(row),
      change: {
        audit: [
          {
            workspace: workspaceId,
            kind: `catalog.${kind.one}_added`,
            target: { type: kind.one, id: members.name },
          },
        ],
        send: (command) =>
          ports.owners.workspace(workspaceId).configure({
            ...command,
            basedOn: null,
            content: { kind: "catalog", entry: kind.adding(row) },
          }),
      },
    }),
  );
  return answerOf(added);
}

export async function updateEntry<Table extends CatalogTable, Patch extends object, View>(
  ports: OperationPorts,
  request: OperatorRequest,
  kind: CatalogKind<Table, never, Patch, View>,
  target: EntryTarget,
  patch: Patch,
): Promise<Result<View, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, target.workspace);
  if (!home.ok) return home;
  const { id: workspace } = home.value;
  const { name } = target;
  const updated = await change(ports, request, changedWorkspace(ports, workspace), kind.schema, async () => {
    const found = await current(ports, kind, home.value, target);
    if (!found.ok) return found;
    const { row, basedOn } = found.value;
    const set = kind.columns(patch);
    const after = { ...row, ...set, version: row.version + 1 };
    const refusal = kind.refuse(after);
    if (refusal !== undefined) return err(refusal);
    return ok({
      answer: kind.view(after),
      change: {
        audit: [
          {
            workspace,
            kind: `catalog.${kind.one}_updated`,
            target: { type: kind.one, id: name },
            data: { changed: Object.keys(set), version: after.version },
          },
        ],
        send: (command) =>
          ports.owners.workspace(workspace).configure({
            ...command,
            basedOn,
            content: { kind: "catalog", entry: { act: "update", kind: kind.one, name, set } },
          }),
      },
    });
  });
  return answerOf(updated);
}

/** Refused while agents declare it: the refusal names them. With `force` the answer does. */
export async function removeEntry<Table extends CatalogTable>(
  ports: OperationPorts,
  request: OperatorRequest,
  kind: CatalogKind<Table, never, never, unknown>,
  target: EntryTarget,
  force: boolean,
): Promise<Result<EntryRemoved, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, target.workspace);
  if (!home.ok) return home;
  const { id: workspace } = home.value;
  const { name } = target;
  let lostBy: EntryRemoved["lost_by"] = [];
  const removed = await change(ports, request, changedWorkspace(ports, workspace), entryRemoved, async () => {
    const found = await current(ports, kind, home.value, target);
    if (!found.ok) return found;
    lostBy = await declarersOf(ports.db, workspace, kind.one, name);
    return ok({
      answer: { name, removed: true as const, lost_by: lostBy },
      change: {
        audit: [
          {
            workspace,
            kind: `catalog.${kind.one}_removed`,
            target: { type: kind.one, id: name },
            data: { force, lost_by: lostBy.map((agent) => agent.agent) },
          },
        ],
        send: (command) =>
          ports.owners.workspace(workspace).configure({
            ...command,
            basedOn: found.value.basedOn,
            content: { kind: "catalog", entry: { act: "remove", kind: kind.one, name, force } },
          }),
      },
    });
  });
  return removed.ok ? answerOf(removed) : err(inUse(removed.error, lostBy));
}

/** The entry, and the configuration epoch it was read in. The epoch first: a change between the two shows. */
async function current<Table extends CatalogTable>(
  { db, owners }: OperationPorts,
  kind: CatalogKind<Table, never, never, unknown>,
  home: WorkspaceRow,
  { name, ifMatch }: EntryTarget,
): Promise<Result<{ readonly row: Table["$inferSelect"]; readonly basedOn: number }, Refusal>> {
  const live = await owners.workspace(home.id).describe();
  if (live === null) return err(workspaceRefusalOf({ kind: "absent" }));
  const row = await findEntry(db, kind.table, home.id, name);
  if (row === undefined) return err(notFound(kind.one, name));
  const stale = staleUnder(ifMatch, row.version);
  return stale === null ? ok({ row, basedOn: live.configEpoch }) : err(stale);
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
