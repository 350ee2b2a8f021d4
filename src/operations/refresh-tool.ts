/**
 * Lists the operations of the server behind a tool: an MCP server says them itself, an OpenAPI document says those of an
 * HTTP API. The first listing pins every operation. Later, an operation that differs is quarantined until an operator
 * approves it (`approve-operation.ts`).
 */
import { OPENAPI_GIVEN } from "../contract/upstream.ts";
import { toolRefreshed, type ToolRefresh, type ToolRefreshed } from "../contract/tool-operation.ts";
import type { UpstreamAuth } from "../contract/upstream.ts";
import type { Id } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { pinChanges, type Listable, type PinChange } from "../mcp/pins.ts";
import type { Era } from "../mcp/revision.ts";
import { openApiListing } from "../registry/openapi/document.ts";
import { operationsOf, UNREVIEWED, type ToolOperationRow } from "../registry/tool-operations.ts";
import { secretsOf, type SealedSecret } from "../registry/tool-secrets.ts";
import type { catalogTools } from "../storage/tables/catalog.ts";
import { byName, notForModels, unusableOf, type ListedOperations } from "./answer/listed-operations.ts";
import { memberRefusal, type Refusal } from "./answer/refusal.ts";
import { answerOf, change, changedWorkspace, type ChangeRecord } from "./change/change.ts";
import { currentEntry } from "./change/current-entry.ts";
import type { OperatorRequest } from "./request/ports.ts";
import { workspaceFor } from "./request/resolve.ts";
import { TOOLS } from "./rules/catalog-kinds.ts";
import { breaking, fittingPolicies, type FittingPorts } from "./rules/fitting-policies.ts";

/** What is needed to list the server behind a tool. */
export interface ListedAt {
  readonly tool: Id<"tol">;
  readonly url: string;
  readonly auth: UpstreamAuth;
  /** The newest secret; null when the tool has none. */
  readonly secret: SealedSecret | null;
}

/** `era`: null for HTTP. */
type ListedServer = ListedOperations & { readonly era: Era | null };

/** Who failed, and how, in words without secrets. */
interface NotListed extends Pick<Refusal, "code" | "detail"> {
  readonly who: "dome" | "upstream";
}

export interface RefreshPorts extends FittingPorts {
  /** @returns the list, or why there is none. */
  listServer(server: ListedAt): Promise<Result<ListedServer, NotListed>>;
  /** @returns the document at a URL as JSON, or why there is none. */
  readDocument(url: string, server: ListedAt): Promise<Result<unknown, NotListed>>;
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
  { document }: ToolRefresh,
  evenIfPoliciesBreak: boolean,
): Promise<Result<ToolRefreshed, Refusal>> {
  const { db, owners, clock } = ports;
  const home = await workspaceFor(db, request.operator, target.workspace);
  if (!home.ok) return home;
  const workspace = home.value.id;
  const current = () => currentEntry(ports, TOOLS, workspace, target.tool);
  let listing: Listing | null = null; // kept while other entries change: only the registry is read again
  const refreshed = await change(
    ports,
    request,
    changedWorkspace(ports, workspace),
    toolRefreshed,
    async () => {
      let found = await current();
      if (!found.ok) return found;
      if (listing?.of !== versionOf(found.value.row)) {
        const listed = await list(ports, found.value.row, document);
        if (!listed.ok) return listed;
        listing = listed.value;
        // Read again after the server has answered, because other entries may have changed meanwhile.
        found = await current();
        if (!found.ok) return found;
        if (listing.of !== versionOf(found.value.row)) return err(CHANGED);
      }
      const { listed } = listing;
      const { row: tool, basedOn } = found.value;
      const before = await operationsOf(db, tool.id);
      const changes = pinChanges(before, listed.tools);
      const now = clock.now();
      const known = new Map(before.map((row) => [row.name, row]));
      const rows = changes.map((each) =>
        rowAfter(tool, known.get(nameOf(each)), each, { by: request.operator.subject, at: now }),
      );
      const after = new Map([...before, ...rows].map((row) => [row.name, row]));
      const fitting = await fittingPolicies(
        ports,
        workspace,
        {
          kind: TOOLS.one,
          name: tool.name,
          before: TOOLS.world(tool, before),
          after: TOOLS.world(tool, [...after.values()]),
        },
        evenIfPoliciesBreak,
      );
      if (!fitting.ok) return fitting;
      return ok({
        answer: {
          ...answer(tool, listed, [...after.values()]),
          restored: restoredBy(changes, before).map(({ name }) => name),
        },
        change: {
          audit: recordsOf(tool, { changes, rows, before, breaks: fitting.value }),
          send: (command) =>
            owners.workspace(workspace).configure({
              ...command,
              basedOn,
              content: { kind: "tool_operations", name: tool.name, operations: { tool: tool.id, rows } },
            }),
        },
      });
    },
  );
  return answerOf(refreshed);
}

/** What a server listed, and the version of the tool that it was listed for. */
interface Listing {
  readonly of: string;
  readonly listed: ListedServer;
}

const versionOf = ({ id, version }: ToolRow): string => `${id} ${version}`;

async function list(
  ports: RefreshPorts,
  row: ToolRow,
  document: ToolRefresh["document"],
): Promise<Result<Listing, Refusal>> {
  const listed = await listedFor(ports, row, document);
  return listed.ok ? ok({ of: versionOf(row), listed: listed.value }) : listed;
}

type Listed = Promise<Result<ListedServer, Refusal>>;

/** What the server behind a tool says of its operations now, or the document of an HTTP tool. */
export const listedFor = (ports: RefreshPorts, row: ToolRow, document: ToolRefresh["document"]): Listed =>
  row.kind === "http" ? listDocument(ports, row, document) : listServer(ports, row, document);

async function listServer(ports: RefreshPorts, row: ToolRow, document: ToolRefresh["document"]): Listed {
  if (row.kind !== "mcp" || row.url === null) return err(NO_SERVER);
  if (document !== undefined) return err(NOT_OF_MCP);
  const server = await serverOf(ports, row, row.url);
  if (row.auth.type !== "none" && server.secret === null) return err(noCredential(row.name));
  const listed = await ports.listServer(server);
  return listed.ok ? listed : err(notListed(listed.error));
}

/** A document that an operator gives is the one; otherwise it is asked for at its URL. */
async function listDocument(ports: RefreshPorts, row: ToolRow, given: ToolRefresh["document"]): Listed {
  const { url, openapi, auth } = row;
  if (url === null || openapi === null) return err(noDocument(row.name));
  const isGiven = openapi === OPENAPI_GIVEN;
  if (isGiven !== (given !== undefined)) return err((isGiven ? notGiven : notAsked)(row.name));
  const read = isGiven
    ? ok<unknown>(given)
    : await ports.readDocument(openapi, await serverOf(ports, row, url));
  if (!read.ok) return err(notListed(read.error));
  const listing = openApiListing(read.value, {
    base: url,
    documentUrl: isGiven ? url : openapi,
    credentialHeader: auth.type === "header" ? auth.name : null,
  });
  if (!listing.ok) return err(memberRefusal("invalid_request", "document", listing.error));
  return ok({ era: null, ...listing.value });
}

async function serverOf({ db }: RefreshPorts, { id, auth }: ToolRow, url: string): Promise<ListedAt> {
  const [secret = null] = await secretsOf(db, id);
  return { tool: id, url, auth, secret };
}

const nameOf = (each: PinChange<Listable>): string => (each.act === "pin" ? each.definition.name : each.name);

/** Keeps who approved. Nobody has before the first listing, so there it is the operator who refreshes. */
function rowAfter(
  tool: ToolRow,
  before: ToolOperationRow | undefined,
  each: PinChange<Listable>,
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
    ...UNREVIEWED,
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
  listed: ListedServer,
  rows: readonly ToolOperationRow[],
): Omit<ToolRefreshed, "restored"> {
  return {
    id: tool.id,
    tool: tool.name,
    era: listed.era,
    pinned: rows.filter(({ state }) => state === "pinned").length,
    quarantined: byName(rows).flatMap(({ name, why }) => (why === null ? [] : [{ name, why }])),
    unusable: [...unusableOf(tool, listed)],
    not_for_models: tool.kind === "mcp" ? notForModels(tool.name, rows) : [],
  };
}

/** What a listing changes. */
interface Pinning {
  readonly changes: readonly PinChange<Listable>[];
  /** The rows that it changes, as they are afterwards. */
  readonly rows: readonly ToolOperationRow[];
  readonly before: readonly ToolOperationRow[];
  /** The policies that it breaks. */
  readonly breaks: readonly string[];
}

/** One record for the refresh, and one for each operation that it quarantines. */
function recordsOf(
  { id: tool, name, workspaceId: workspace }: ToolRow,
  { changes, rows, before, breaks }: Pinning,
): ChangeRecord[] {
  const quarantined = changes.flatMap((each) => (each.act === "quarantine" ? [each] : []));
  const restored = restoredBy(changes, before);
  return [
    {
      workspace,
      kind: "catalog.tool_refreshed",
      target: { type: "tool", id: name },
      data: {
        tool,
        first: before.length === 0,
        operations: rows.length,
        quarantined: quarantined.length,
        restored: restored.length,
        ...breaking(breaks),
      },
    },
    ...quarantined.map(({ name: operation, why, definition }): ChangeRecord => ({
      workspace,
      kind: "catalog.operation_quarantined",
      target: { type: "tool", id: `${name}/${operation}` },
      data: { tool, why, pending_hash: definition?.hash ?? null },
    })),
    ...restored.map(({ name: operation, why, hash }): ChangeRecord => ({
      workspace,
      kind: "catalog.operation_restored",
      target: { type: "tool", id: `${name}/${operation}` },
      data: { tool, was: why, hash },
    })),
  ];
}

/** Operations whose approved definition is back: their quarantine ends, and nobody has to approve anything. */
const restoredBy = (
  changes: readonly PinChange<Listable>[],
  before: readonly ToolOperationRow[],
): readonly ToolOperationRow[] => {
  const pinned = new Set(changes.flatMap((each) => (each.act === "pin" ? [each.definition.name] : [])));
  return before.filter(({ name, state }) => state === "quarantined" && pinned.has(name));
};

const NO_SERVER = memberRefusal(
  "invalid_request",
  "name",
  "A local tool has no server that lists its operations.",
);

const noDocument = (tool: string): Refusal =>
  memberRefusal(
    "invalid_request",
    "openapi",
    `No document describes the operations. Name one: dome tools update ${tool} --openapi FILE|URL`,
  );

const notGiven = (tool: string): Refusal =>
  memberRefusal(
    "invalid_request",
    "document",
    `Give the OpenAPI document of the tool: dome tools refresh ${tool} --openapi FILE`,
  );

const notAsked = (tool: string): Refusal =>
  memberRefusal(
    "invalid_request",
    "document",
    `The tool has the URL of its document. To give documents instead: dome tools update ${tool} --openapi FILE`,
  );

const NOT_OF_MCP = memberRefusal(
  "invalid_request",
  "document",
  "An MCP server lists its operations itself, and needs no document.",
);

const noCredential = (tool: string): Refusal =>
  memberRefusal(
    "invalid_request",
    "auth",
    `Dome has no credential for the server. Add one: dome tools add-secret ${tool} --secret-file FILE`,
  );

const CHANGED: Refusal = {
  code: "unavailable",
  detail: "The tool was changed while its server was listed. Refresh it again.",
  retryAfterSeconds: 5,
};

/** Nothing was changed: the server is asked first. */
const notListed = ({ who, code, detail }: NotListed): Refusal => ({
  code,
  detail,
  call: { who },
});
