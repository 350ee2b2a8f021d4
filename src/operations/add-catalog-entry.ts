/** Adding to the catalog of a workspace: tools, pools, integrations. */
import type {
  Integration,
  IntegrationCreate,
  Pool,
  PoolCreate,
  Tool,
  ToolCreate,
} from "../contract/catalog.ts";
import { draftRecord } from "../audit/record.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { WorkspaceId } from "../kernel/ids.ts";
import type { CatalogChange } from "../registry/catalog-writes.ts";
import { integrationView, poolView, toolView } from "../registry/catalog.ts";
import { refusedSchemas } from "./argument-schemas.ts";
import { workspaceFor } from "./resolve.ts";
import { factsOf, requestMeta, type OperationPorts, type OperatorRequest } from "./ports.ts";
import { refusalOf, type Refusal } from "./refusal.ts";

export async function addTool(
  ports: OperationPorts,
  request: OperatorRequest,
  { workspace, clear_arguments: clearArguments, argument_schemas: argumentSchemas, ...body }: ToolCreate,
): Promise<Result<Tool, Refusal>> {
  const refused = refusedSchemas({ operations: body.operations, argumentSchemas });
  if (refused !== undefined) return err(refused);
  return add(ports, request, workspace, (workspaceId, createdAt) => {
    const row = {
      ...body,
      id: ports.ids.next("tol"),
      workspaceId,
      createdAt,
      clearArguments,
      argumentSchemas,
    };
    return { change: { act: "add", kind: "tool", row }, view: toolView(row) };
  });
}

export async function addPool(
  ports: OperationPorts,
  request: OperatorRequest,
  { workspace, ...body }: PoolCreate,
): Promise<Result<Pool, Refusal>> {
  return add(ports, request, workspace, (workspaceId, createdAt) => {
    const row = { ...body, id: ports.ids.next("pol"), workspaceId, createdAt };
    return { change: { act: "add", kind: "pool", row }, view: poolView(row) };
  });
}

export async function addIntegration(
  ports: OperationPorts,
  request: OperatorRequest,
  { workspace, ...body }: IntegrationCreate,
): Promise<Result<Integration, Refusal>> {
  return add(ports, request, workspace, (workspaceId, createdAt) => {
    const row = { ...body, id: ports.ids.next("int"), workspaceId, createdAt };
    return { change: { act: "add", kind: "integration", row }, view: integrationView(row) };
  });
}

async function add<View extends { readonly name: string }>(
  ports: OperationPorts,
  request: OperatorRequest,
  workspace: string | undefined,
  make: (
    workspaceId: WorkspaceId,
    createdAt: number,
  ) => { readonly change: CatalogChange; readonly view: View },
): Promise<Result<View, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, workspace);
  if (!home.ok) return home;
  const { change, view } = make(home.value.id, ports.clock.now());
  const outcome = await ports.owners.workspace(home.value.id).configure({
    change: ports.ids.next("chg"),
    meta: requestMeta(request, home.value.id),
    content: { kind: "catalog", entry: change },
    answer: JSON.stringify(view),
    audit: [
      draftRecord(ports, {
        workspace: home.value.id,
        kind: `catalog.${change.kind}_added`,
        target: { type: change.kind, id: view.name },
        ...factsOf(request),
      }),
    ],
  });
  if (!outcome.ok) return err(refusalOf(outcome.error));
  return ok(outcome.value.kind === "done" ? view : (JSON.parse(outcome.value.body) as View));
}
