import { z } from "zod";
import { workspace, workspaceCreate, workspaceList, workspaceQuery } from "../../contract/workspace.ts";
import { ok } from "../../kernel/result.ts";
import { createWorkspace } from "../../operations/create-workspace.ts";
import { workspaceFor } from "../../operations/find.ts";
import { afterOf, pageOf } from "../../operations/page.ts";
import { listWorkspaces, workspaceView } from "../../registry/workspaces.ts";
import { reply } from "../reply.ts";
import { route, type Route } from "../route.ts";

const tag = "workspaces";

export const workspaceRoutes: readonly Route[] = [
  route(
    {
      method: "post",
      path: "/api/v1/workspaces",
      operationId: "createWorkspace",
      summary: "Create a workspace",
      tag,
      door: { by: "operator", permission: "workspaces:create" },
      body: workspaceCreate,
      answers: [{ status: 201, description: "The workspace", schema: workspace }],
    },
    async ({ services, asked, body }) => reply(await createWorkspace(services.operations, asked, body)),
  ),
  route(
    {
      method: "get",
      path: "/api/v1/workspaces",
      operationId: "listWorkspaces",
      summary: "List the workspaces the operator may see",
      tag,
      door: { by: "operator", permission: "workspaces:read" },
      query: workspaceQuery,
      answers: [{ status: 200, description: "A page of workspaces", schema: workspaceList }],
    },
    async ({ services, operator, query }) => {
      const after = afterOf(query.cursor);
      if (!after.ok) return after;
      const { db } = services.operations;
      const rows = await listWorkspaces(db, operator.workspaces, after.value, query.limit + 1);
      return ok({ body: pageOf(rows.map(workspaceView), query.limit, (row) => row.name) });
    },
  ),
  route(
    {
      method: "get",
      path: "/api/v1/workspaces/{workspace}",
      operationId: "showWorkspace",
      summary: "Show a workspace",
      tag,
      door: { by: "operator", permission: "workspaces:read" },
      params: z.strictObject({ workspace: z.string().max(63).meta({ description: "name or id" }) }),
      answers: [{ status: 200, description: "The workspace", schema: workspace }],
    },
    async ({ services, operator, params }) => {
      const found = await workspaceFor(services.operations.db, operator, params.workspace);
      return found.ok ? ok({ body: workspaceView(found.value) }) : found;
    },
  ),
];
