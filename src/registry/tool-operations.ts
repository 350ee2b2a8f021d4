/** The pinned operations of a tool's MCP server, as the registry stores them. */
import { and, asc, eq, gt, isNotNull, sql, type SQL } from "drizzle-orm";
import type { ToolOperation, ToolOperationDetail } from "../contract/tool-operation.ts";
import { rfc3339OrNull } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import type { Reading } from "../storage/read.ts";
import { catalogTools } from "../storage/tables/catalog.ts";
import { unusableDefinition } from "./unusable-operation.ts";
import { toolOperations } from "../storage/tables/tool-operations.ts";

export type ToolOperationRow = typeof toolOperations.$inferSelect;

/** The rows as they are from now on; others stay. */
export interface ToolOperationsChange {
  readonly tool: Id<"tol">;
  readonly rows: readonly ToolOperationRow[];
}

/** What a client is told of an operation, as it was approved. */
export interface PinnedDefinition {
  readonly name: string;
  /** JSON, as the server listed it. */
  readonly text: string;
}

/** Every definition of a tool that was approved, of quarantined operations too, by name. */
export const definitionsReading = (db: Database, tool: Id<"tol">): Reading<readonly PinnedDefinition[]> => ({
  statements: [
    db
      .select({ name: toolOperations.name, text: sql<string>`${toolOperations.definition}` })
      .from(toolOperations)
      .where(and(eq(toolOperations.toolId, tool), isNotNull(toolOperations.definition)))
      .orderBy(asc(toolOperations.name)),
  ],
  parse: (rows: readonly PinnedDefinition[] = []) => rows,
});

/** All of a tool, by name. */
export const operationsOf = (db: Database, tool: Id<"tol">): Promise<ToolOperationRow[]> =>
  db.select().from(toolOperations).where(eq(toolOperations.toolId, tool)).orderBy(asc(toolOperations.name));

/** A page of them, in the order of their names. */
export const listOperations = (
  db: Database,
  tool: Id<"tol">,
  after: string | undefined,
  limit: number,
): Promise<ToolOperationRow[]> =>
  db
    .select()
    .from(toolOperations)
    .where(
      and(eq(toolOperations.toolId, tool), after === undefined ? undefined : gt(toolOperations.name, after)),
    )
    .orderBy(asc(toolOperations.name))
    .limit(limit);

export async function findOperation(
  db: Database,
  tool: Id<"tol">,
  name: string,
): Promise<ToolOperationRow | undefined> {
  const [row] = await db
    .select()
    .from(toolOperations)
    .where(and(eq(toolOperations.toolId, tool), eq(toolOperations.name, name)))
    .limit(1);
  return row;
}

/** What holds of a definition until somebody has reviewed it. The server's own statement is only a hint. */
export const UNREVIEWED = { readOnly: false, destructive: true } as const;

/** The tool of an operation, as far as its view shows it. */
type ToolOfView = Pick<typeof catalogTools.$inferSelect, "name" | "argumentSchemas">;

export const operationView = (row: ToolOperationRow, tool: ToolOfView): ToolOperation => ({
  name: row.name,
  tool: tool.name,
  state: row.state,
  why: row.why,
  hash: row.hash,
  pending_hash: row.pendingHash,
  read_only: row.readOnly,
  destructive: row.destructive,
  unusable:
    unusableDefinition(row.name, row.pending ?? row.definition ?? {}, tool.argumentSchemas)?.why ?? null,
  approved_by: row.approvedBy,
  approved_at: rfc3339OrNull(row.approvedAt),
});

export const operationDetail = (
  row: ToolOperationRow,
  tool: ToolOfView,
  differences: readonly string[],
): ToolOperationDetail => ({
  ...operationView(row, tool),
  definition: row.definition,
  pending: row.pending,
  differences: [...differences],
});

/** The statements that a WorkspaceObject adds to its batch; the tool shows that something has changed. */
export const operationStatements = (db: Database, { tool, rows }: ToolOperationsChange): Statement[] => [
  ...rows.map((row) =>
    db
      .insert(toolOperations)
      .values(row)
      .onConflictDoUpdate({ target: [toolOperations.toolId, toolOperations.name], set: row }),
  ),
  db
    .update(catalogTools)
    .set({ version: sql`version + 1`, quarantined: quarantinedOf(tool) })
    .where(eq(catalogTools.id, tool)),
];

const quarantinedOf = (tool: Id<"tol">): SQL<number> =>
  sql`(SELECT count(*) FROM ${toolOperations}
    WHERE ${toolOperations.toolId} = ${tool} AND ${toolOperations.state} = 'quarantined')`;

/**
 * The tool has another address: every approval was of the server at the former one, and what waits is its, too. The
 * approved definitions stay, to be compared with what the new server says.
 */
export const lapseStatements = (
  db: Database,
  { tool, at }: { readonly tool: Id<"tol">; readonly at: number },
): Statement[] => [
  db
    .update(toolOperations)
    .set({
      state: "quarantined",
      why: "moved",
      hash: null,
      pendingHash: null,
      pending: null,
      ...UNREVIEWED,
      approvedBy: null,
      approvedAt: null,
      changedAt: at,
    })
    .where(eq(toolOperations.toolId, tool)),
  db
    .update(catalogTools)
    .set({ quarantined: quarantinedOf(tool) })
    .where(eq(catalogTools.id, tool)),
];
