/** Lists and shows operations of an MCP server, the approved definition beside the current one, and approves them. */
import {
  toolOperation,
  type OperationApproval,
  type ToolOperation,
  type ToolOperationDetail,
  type ToolOperationList,
} from "../contract/tool-operation.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { definitionDifferences, differenceInWords } from "../mcp/tool-definition.ts";
import {
  findOperation,
  listOperations,
  operationDetail,
  operationView,
  UNREVIEWED,
  type ToolOperationRow,
} from "../registry/tool-operations.ts";
import { afterOf, BAD_CURSOR, pageOf } from "./answer/page.ts";
import { memberRefusal, notFound, type Refusal } from "./answer/refusal.ts";
import { answerOf, change, changedWorkspace } from "./change/change.ts";
import { currentEntry } from "./change/current-entry.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { entryFor, workspaceFor } from "./request/resolve.ts";
import { TOOLS } from "./rules/catalog-kinds.ts";
import { breaking, fittingPolicies, type FittingPorts } from "./rules/fitting-policies.ts";

interface ToolTarget {
  readonly tool: string;
  readonly workspace: string | undefined;
}
type OperationTarget = ToolTarget & { readonly operation: string };

export async function listToolOperations(
  { db }: OperationPorts,
  request: OperatorRequest,
  target: ToolTarget,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Result<ToolOperationList, Refusal>> {
  const found = await entryFor(db, request.operator, TOOLS, { ...target, name: target.tool });
  if (!found.ok) return found;
  const tool = found.value;
  const after = afterOf(cursor);
  if (!after.ok) return after;
  const mine = `${tool.id}/`;
  if (after.value?.startsWith(mine) === false) return err(BAD_CURSOR);
  const rows = await listOperations(db, tool.id, after.value?.slice(mine.length), limit + 1);
  const { items, next_cursor } = pageOf(rows, limit, ({ name }) => mine + name);
  return ok({ items: items.map((row) => operationView(row, tool)), next_cursor });
}

export async function showToolOperation(
  { db }: OperationPorts,
  request: OperatorRequest,
  target: OperationTarget,
): Promise<Result<ToolOperationDetail, Refusal>> {
  const found = await entryFor(db, request.operator, TOOLS, { ...target, name: target.tool });
  if (!found.ok) return found;
  const row = await findOperation(db, found.value.id, target.operation);
  if (row === undefined) return err(notFound("operation"));
  return ok(operationDetail(row, found.value, differencesOf(row)));
}

function differencesOf({ why, definition, pending }: ToolOperationRow): readonly string[] {
  if (why === "gone") return ["The server no longer lists it."];
  if (pending === null) return why === "moved" ? ["The server at the new address was not listed yet."] : [];
  if (definition === null) return [];
  const differences = definitionDifferences(definition, pending).map((each) => differenceInWords(each));
  return why === "moved" && differences.length === 0
    ? ["Nothing but the address of the tool: the server there defines the operation as it was approved."]
    : differences;
}

/**
 * Approves the definition with this hash, which is the one that the operator has seen: a newer one is refused. For a
 * pinned operation it only stores what was reviewed. Policies in force that name the operation must fit the definition.
 * @param evenIfPoliciesBreak they need not: the operator goes on knowingly.
 */
export async function approveOperation(
  ports: FittingPorts,
  request: OperatorRequest,
  target: OperationTarget,
  { hash, read_only, destructive }: OperationApproval,
  evenIfPoliciesBreak: boolean,
): Promise<Result<ToolOperation, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, target.workspace);
  if (!home.ok) return home;
  const workspace = home.value.id;
  const approved = await change(
    ports,
    request,
    changedWorkspace(ports, workspace),
    toolOperation,
    async () => {
      const found = await currentEntry(ports, TOOLS, workspace, target.tool);
      if (!found.ok) return found;
      const { row: tool, basedOn } = found.value;
      const row = await findOperation(ports.db, tool.id, target.operation);
      if (row === undefined) return err(notFound("operation"));
      if (row.why === "gone") return err(GONE);
      if (row.hash === null && row.pendingHash === null) return err(NOT_LISTED);
      if (hash !== (row.pendingHash ?? row.hash)) return err(OTHER_DEFINITION);
      // A review is of one definition: the author of another may have made it do something else.
      const reviewed = hash === row.hash ? row : UNREVIEWED;
      const after: ToolOperationRow = {
        ...row,
        state: "pinned",
        why: null,
        hash,
        definition: row.pending ?? row.definition,
        pendingHash: null,
        pending: null,
        readOnly: read_only ?? reviewed.readOnly,
        destructive: destructive ?? reviewed.destructive,
        approvedBy: request.operator.subject,
        approvedAt: ports.clock.now(),
        changedAt: ports.clock.now(),
      };
      const offer = { before: TOOLS.world(tool, [row]), after: TOOLS.world(tool, [after]) };
      const fitting = await fittingPolicies(
        ports,
        workspace,
        { kind: TOOLS.one, name: tool.name, ...offer },
        evenIfPoliciesBreak,
      );
      if (!fitting.ok) return fitting;
      return ok({
        answer: operationView(after, tool),
        change: {
          audit: [
            {
              workspace,
              kind: "catalog.operation_approved",
              target: { type: "tool", id: `${tool.name}/${row.name}` },
              data: {
                tool: tool.id,
                hash,
                before: row.hash,
                read_only: after.readOnly,
                destructive: after.destructive,
                ...breaking(fitting.value),
              },
            },
          ],
          send: (command) =>
            ports.owners.workspace(workspace).configure({
              ...command,
              basedOn,
              content: {
                kind: "tool_operations",
                name: tool.name,
                operations: { tool: tool.id, rows: [after] },
              },
            }),
        },
      });
    },
  );
  return answerOf(approved);
}

const GONE: Refusal = {
  code: "precondition_failed",
  detail: "The server no longer lists the operation, so there is nothing to approve. Refresh the tool.",
};

const NOT_LISTED: Refusal = {
  code: "precondition_failed",
  detail:
    "The tool has another address since the operation was approved, and the server there was not listed yet. Refresh the tool.",
};

const OTHER_DEFINITION: Refusal = memberRefusal(
  "precondition_failed",
  "hash",
  "This is not the hash of the definition that waits for approval. Look at the operation again, then approve what you see.",
);
