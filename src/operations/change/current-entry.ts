/** An entry of a workspace's catalog, and the configuration epoch that a change of it is based on. */
import type { WorkspaceId } from "../../kernel/ids.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { findEntry, type CatalogTable } from "../../registry/catalog.ts";
import { notFound, workspaceRefusalOf, type Refusal } from "../answer/refusal.ts";
import type { OperationPorts } from "../request/ports.ts";
import type { CatalogKind } from "../rules/catalog-kinds.ts";

interface CurrentEntry<Row> {
  readonly row: Row;
  readonly basedOn: number;
}

/** Reads the configuration epoch first and then the entry, so that a change in between is detected. */
export async function currentEntry<Table extends CatalogTable>(
  { db, owners }: OperationPorts,
  { one, table }: Pick<CatalogKind<Table, never, never, unknown>, "one" | "table">,
  workspace: WorkspaceId,
  name: string,
): Promise<Result<CurrentEntry<Table["$inferSelect"]>, Refusal>> {
  const live = await owners.workspace(workspace).describe();
  if (live === null) return err(workspaceRefusalOf({ kind: "absent" }));
  const row = await findEntry(db, table, workspace, name);
  return row === undefined ? err(notFound(one, name)) : ok({ row, basedOn: live.configEpoch });
}
