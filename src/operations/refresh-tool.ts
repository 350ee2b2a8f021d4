/**
 * Lists the operations of the MCP server behind a tool, and pins what nobody has approved yet only the first time. Later
 * every difference quarantines the one operation that has it, until an operator approves (`approve-operation.ts`).
 */
import { toolRefreshed, type ToolRefreshed } from "../contract/tool-operation.ts";
import type { UpstreamAuth } from "../contract/upstream.ts";
import type { Id } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { pinChanges, type PinChange } from "../mcp/pins.ts";
import type { Era } from "../mcp/revision.ts";
import type { ToolListing } from "../mcp/tool-pages.ts";
import { findEntry } from "../registry/catalog.ts";
import { operationsOf, type ToolOperationRow } from "../registry/tool-operations.ts";
import { secretsOf, type SealedSecret } from "../registry/tool-secrets.ts";
import { catalogTools } from "../storage/tables/catalog.ts";
import { memberRefusal, notFound, workspaceRefusalOf, type Refusal } from "./answer/refusal.ts";
import { answerOf, change, changedWorkspace, type ChangeRecord } from "./change/change.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { workspaceFor } from "./request/resolve.ts";

/** The server behind a tool, as far as it is needed to list it. */
export interface McpServer {
  readonly tool: Id<"tol">;
  readonly url: string;
  readonly auth: UpstreamAuth;
  /** The newest; null: it has none. */
  readonly secret: SealedSecret | null;
}

type ListedServer = ToolListing & { readonly era: Era };

export interface RefreshPorts extends OperationPorts {
  /** @returns why there is no list, in words that name no secret. */
  listServer(server: McpServer): Promise<Result<ListedServer, string>>;
}

interface ToolTarget {
  readonly tool: string;
  readonly workspace: string | undefined;
}

type ToolRow = typeof catalogTools.$inferSelect;

export async function refreshTool(
  ports: RefreshPorts,
  request: OperatorRequest,
  target: ToolTarget,
): Promise<Result<ToolRefreshed, Refusal>> {
  const { db, owners, clock } = ports;
  const home = await workspaceFor(db, request.operator, target.workspace);
  if (!home.ok) return home;
  const workspace = home.value.id;
  const refreshed = await change(
    ports,
    request,
    changedWorkspace(ports, workspace),
    toolRefreshed,
    async () => {
      const server = await serverOf(ports, workspace, target.tool);
      if (!server.ok) return server;
      const listed = await ports.listServer(server.value.server);
      if (!listed.ok) return err(notListed(listed.error));
      // Read after the server has answered: nothing that changed meanwhile is overwritten.
      const live = await owners.workspace(workspace).describe();
      if (live === null) return err(workspaceRefusalOf({ kind: "absent" }));
      const { row: tool } = server.value;
      const before = await operationsOf(db, tool.id);
      const changes = pinChanges(before, listed.value.tools);
      const now = clock.now();
      const known = new Map(before.map((row) => [row.name, row]));
      const rows = changes.map((each) =>
        rowAfter(tool, known.get(nameOf(each)), each, { by: request.operator.subject, at: now }),
      );
      const after = new Map([...before, ...rows].map((row) => [row.name, row]));
      return ok({
        answer: answer(tool, listed.value, [...after.values()]),
        change: {
          audit: recordsOf(tool, changes, rows, before),
          send: (command) =>
            owners.workspace(workspace).configure({
              ...command,
              basedOn: live.configEpoch,
              content: { kind: "tool_operations", operations: { tool: tool.id, rows } },
            }),
        },
      });
    },
  );
  return answerOf(refreshed);
}

async function serverOf(
  { db }: OperationPorts,
  workspace: ToolRow["workspaceId"],
  name: string,
): Promise<Result<{ readonly row: ToolRow; readonly server: McpServer }, Refusal>> {
  const row = await findEntry(db, catalogTools, workspace, name);
  if (row === undefined) return err(notFound("tool", name));
  if (row.kind !== "mcp" || row.url === null) return err(NOT_MCP);
  const [secret = null] = await secretsOf(db, row.id);
  if (row.auth.type !== "none" && secret === null) return err(NO_CREDENTIAL);
  return ok({ row, server: { tool: row.id, url: row.url, auth: row.auth, secret } });
}

const nameOf = (each: PinChange): string => (each.act === "pin" ? each.definition.name : each.name);

/** Who approved stays as it was, except where nobody had to: at the first listing it is whoever refreshes. */
function rowAfter(
  tool: ToolRow,
  before: ToolOperationRow | undefined,
  each: PinChange,
  { by, at }: { readonly by: string; readonly at: number },
): ToolOperationRow {
  const row: ToolOperationRow = before ?? {
    toolId: tool.id,
    workspaceId: tool.workspaceId,
    name: nameOf(each),
    state: "quarantined",
    why: "new",
    hash: null,
    definition: null,
    pendingHash: null,
    pending: null,
    readOnly: false,
    destructive: true,
    approvedBy: null,
    approvedAt: null,
    changedAt: at,
  };
  if (each.act === "pin") {
    const { hash, listed } = each.definition;
    const approval = row.hash === null ? { approvedBy: by, approvedAt: at } : {};
    const free = { state: "pinned", why: null, pendingHash: null, pending: null } as const;
    return { ...row, ...free, ...approval, hash, definition: { ...listed }, changedAt: at };
  }
  const { why, definition } = each;
  const pending = definition === null ? null : { ...definition.listed };
  return { ...row, state: "quarantined", why, pendingHash: definition?.hash ?? null, pending, changedAt: at };
}

function answer(
  tool: ToolRow,
  { era, unusable }: ListedServer,
  rows: readonly ToolOperationRow[],
): ToolRefreshed {
  return {
    id: tool.id,
    tool: tool.name,
    era,
    pinned: rows.filter(({ state }) => state === "pinned").length,
    quarantined: rows
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap(({ name, why }) => (why === null ? [] : [{ name, why }])),
    unusable: unusable.map((each) => ({ ...each })),
  };
}

/** One record of the refresh, and one of each operation that is quarantined by it. */
function recordsOf(
  { id: tool, name, workspaceId: workspace }: ToolRow,
  changes: readonly PinChange[],
  rows: readonly ToolOperationRow[],
  before: readonly ToolOperationRow[],
): ChangeRecord[] {
  const quarantined = changes.flatMap((each) => (each.act === "quarantine" ? [each] : []));
  return [
    {
      workspace,
      kind: "catalog.tool_refreshed",
      target: { type: "tool", id: name },
      data: { tool, first: before.length === 0, operations: rows.length, quarantined: quarantined.length },
    },
    ...quarantined.map(({ name: operation, why, definition }): ChangeRecord => ({
      workspace,
      kind: "catalog.operation_quarantined",
      target: { type: "tool", id: `${name}/${operation}` },
      data: { tool, why, pending_hash: definition?.hash ?? null },
    })),
  ];
}

const NOT_MCP = memberRefusal(
  "invalid_request",
  "name",
  "Only a tool of the kind mcp has a server that lists its operations.",
);

const NO_CREDENTIAL = memberRefusal(
  "invalid_request",
  "auth",
  "Dome has no credential for the server. Add one: dome tools add-secret",
);

const notListed = (why: string): Refusal => ({ code: "unavailable", detail: why, retryAfterSeconds: 5 });
