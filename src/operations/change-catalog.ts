/**
 * Adds, changes and removes entries of a workspace's catalog. A change is checked against the entry in exactly the
 * configuration that the change is based on, so that two simultaneous changes never make an entry that neither could
 * make alone. An entry that agents declare is removed only with `force`; the answer lists the agents that lose it. A change
 * that policies in force no longer fit is refused, unless the operator goes on knowingly.
 */
import type { z } from "zod";
import { entryRemoved, type EntryRemoved } from "../contract/catalog.ts";
import { defined } from "../kernel/defined.ts";
import type { Id, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { declarersOf, type CatalogTable } from "../registry/catalog.ts";
import type { CatalogChange } from "../registry/catalog-writes.ts";
import type { CatalogKind } from "./rules/catalog-kinds.ts";
import { breaking, fittingPolicies, type FittingPorts } from "./rules/fitting-policies.ts";
import type { UpstreamRules } from "./rules/tool-upstreams.ts";
import { answerOf, change, changedWorkspace, type ChangeRecord, type Plan } from "./change/change.ts";
import { currentEntry } from "./change/current-entry.ts";
import { staleUnder, type IfMatch } from "./request/if-match.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import type { Refusal } from "./answer/refusal.ts";
import { workspaceFor } from "./request/resolve.ts";

type CatalogPorts = FittingPorts & UpstreamRules;

interface EntryTarget {
  readonly name: string;
  readonly workspace: string | undefined;
  /** Acceptable versions of the entry. */
  readonly ifMatch: IfMatch;
  /** Policies in force that name the entry need not fit it any more: the operator goes on knowingly. */
  readonly evenIfPoliciesBreak: boolean;
}

export async function addEntry<
  Table extends CatalogTable,
  Create extends { readonly name: string; readonly workspace?: string | undefined },
  View,
>(
  ports: CatalogPorts,
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
  const refusal = kind.refuse(row, null, ports);
  if (refusal !== undefined) return err(refusal);
  const added = await change(ports, request, changedWorkspace(ports, workspaceId), kind.schema, async () =>
    ok(
      planOf(ports, workspaceId, null, {
        name: members.name,
        answer: kind.view(row),
        entry: kind.adding(row),
      }),
    ),
  );
  return answerOf(added);
}

export function updateEntry<Table extends CatalogTable, Patch extends object, View>(
  ports: CatalogPorts,
  request: OperatorRequest,
  kind: CatalogKind<Table, never, Patch, View>,
  target: EntryTarget,
  patch: Patch,
): Promise<Result<View, Refusal>> {
  const { name } = target;
  return changeEntry(ports, request, kind, target, kind.schema, async (row) => {
    const set = kind.columns(patch);
    const after = { ...row, ...set, version: row.version + 1 };
    const refusal = kind.refuse(after, row, ports);
    if (refusal !== undefined) return err(refusal);
    const fitting = await fitted(ports, kind, target, row, after);
    if (!fitting.ok) return fitting;
    const lapsed = await kind.lapsed(ports.db, row, after);
    const isLapsing = lapsed.length > 0;
    return ok({
      name,
      answer: kind.view(isLapsing ? { ...after, quarantined: lapsed.length } : after),
      entry: {
        act: "update",
        kind: kind.one,
        name,
        set,
        lapses: isLapsing ? { tool: row.id as Id<"tol">, at: ports.clock.now() } : null,
      },
      data: {
        changed: Object.keys(set),
        version: after.version,
        ...defined({ quarantined: isLapsing ? lapsed.length : undefined }),
        ...breaking(fitting.value),
      },
      more: lapsed.map((operation) => ({
        kind: "catalog.operation_quarantined",
        target: { type: kind.one, id: `${name}/${operation}` },
        data: { tool: row.id, why: "moved", pending_hash: null },
      })),
    });
  });
}

/**
 * Removes an entry. While agents declare it, the removal is refused with a list of them; with `force` the answer lists
 * them.
 */
export async function removeEntry<Table extends CatalogTable>(
  ports: FittingPorts,
  request: OperatorRequest,
  kind: CatalogKind<Table, never, never, unknown>,
  target: EntryTarget,
  force: boolean,
): Promise<Result<EntryRemoved, Refusal>> {
  const { name } = target;
  let lostBy: EntryRemoved["lost_by"] = [];
  const removed = await changeEntry(ports, request, kind, target, entryRemoved, async (row) => {
    const fitting = await fitted(ports, kind, target, row, null);
    if (!fitting.ok) return fitting;
    lostBy = await declarersOf(ports.db, row.workspaceId, kind.one, name);
    return ok({
      name,
      answer: { name, removed: true as const, lost_by: lostBy },
      entry: { act: "remove", kind: kind.one, name, force },
      data: { force, lost_by: lostBy.map((agent) => agent.agent), ...breaking(fitting.value) },
    });
  });
  return removed.ok ? removed : err(inUse(removed.error, lostBy));
}

/** @param after null: the entry goes. */
async function fitted<Table extends CatalogTable>(
  ports: FittingPorts,
  kind: Pick<CatalogKind<Table, never, never, unknown>, "one" | "operations" | "world">,
  { name, evenIfPoliciesBreak }: EntryTarget,
  row: Table["$inferSelect"],
  after: Table["$inferSelect"] | null,
): Promise<Result<readonly string[], Refusal>> {
  const operations = await kind.operations(ports.db, row);
  const offer = { before: kind.world(row, operations), after: kind.world(after, operations) };
  return fittingPolicies(ports, row.workspaceId, { kind: kind.one, name, ...offer }, evenIfPoliciesBreak);
}

/** A change of the catalog, without its workspace and the configuration that it is based on. */
interface EntryChange<Answer> {
  readonly name: string;
  readonly answer: Answer;
  readonly entry: CatalogChange;
  /** The `data` of the audit record. */
  readonly data?: ChangeRecord["data"];
  /** Further records. */
  readonly more?: readonly Omit<ChangeRecord, "workspace">[];
}

/**
 * Changes an existing entry.
 * @param plan gets the entry from the configuration that the change is based on.
 */
async function changeEntry<Table extends CatalogTable, Answer>(
  ports: OperationPorts,
  request: OperatorRequest,
  kind: Pick<CatalogKind<Table, never, never, unknown>, "one" | "table">,
  target: EntryTarget,
  schema: z.ZodType<Answer>,
  plan: (row: Table["$inferSelect"]) => Promise<Result<EntryChange<Answer>, Refusal>>,
): Promise<Result<Answer, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, target.workspace);
  if (!home.ok) return home;
  const { id: workspace } = home.value;
  const changed = await change(ports, request, changedWorkspace(ports, workspace), schema, async () => {
    const found = await currentEntry(ports, kind, workspace, target.name);
    if (!found.ok) return found;
    const { row, basedOn } = found.value;
    const stale = staleUnder(target.ifMatch, row.version);
    if (stale !== null) return err(stale);
    const planned = await plan(row);
    return planned.ok ? ok(planOf(ports, workspace, basedOn, planned.value)) : planned;
  });
  return answerOf(changed);
}

const HAPPENED = { add: "added", update: "updated", remove: "removed" } as const;

/** @param basedOn the configuration epoch that the change requires; null for any. */
const planOf = <Answer>(
  { owners }: OperationPorts,
  workspace: WorkspaceId,
  basedOn: number | null,
  { name, answer, entry, data, more = [] }: EntryChange<Answer>,
): Plan<Answer> => ({
  answer,
  change: {
    audit: [
      {
        workspace,
        kind: `catalog.${entry.kind}_${HAPPENED[entry.act]}`,
        target: { type: entry.kind, id: name },
        ...defined({ data }),
      },
      ...more.map((record) => ({ ...record, workspace })),
    ],
    send: (command) =>
      owners.workspace(workspace).configure({ ...command, basedOn, content: { kind: "catalog", entry } }),
  },
});

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
