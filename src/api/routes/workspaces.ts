import { z } from "zod";
import { halt, haltList, haltRequest, waitQuery, workspaceTransition } from "../../contract/halt.ts";
import {
  workspace,
  workspaceCreate,
  workspaceList,
  workspacePatch,
  workspaceQuery,
} from "../../contract/workspace.ts";
import { page } from "../../contract/words.ts";
import { ok } from "../../kernel/result.ts";
import { createWorkspace } from "../../operations/create-workspace.ts";
import { moveWorkspace } from "../../operations/transition-workspace.ts";
import { afterOf, pageOf } from "../../operations/answer/page.ts";
import { listWorkspaceHalts, readWorkspaceHalt } from "../../operations/read-halt.ts";
import { showWorkspace, updateWorkspace } from "../../operations/update-workspace.ts";
import { listWorkspaces, workspaceView } from "../../registry/workspaces.ts";
import { etagOf, ifMatchOf } from "../if-match.ts";
import { reply } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";
import { workspacePath } from "../workspace-path.ts";

const tag = "workspaces";

export const workspaceRoutes: readonly Route[] = [
  problemRoute(
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
  problemRoute(
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
      return ok({
        body: pageOf(
          rows.map((row) => workspaceView(row)),
          query.limit,
          (row) => row.name,
        ),
      });
    },
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/workspaces/{workspace}",
      operationId: "showWorkspace",
      summary: "Show a workspace",
      tag,
      door: { by: "operator", permission: "workspaces:read" },
      params: workspacePath,
      answers: [{ status: 200, description: "The workspace", schema: workspace }],
    },
    async ({ services, asked, params }) => {
      const shown = await showWorkspace(services.operations, asked, params.workspace);
      return shown.ok ? ok({ body: shown.value, headers: etagOf(shown.value.config_epoch) }) : shown;
    },
  ),
  problemRoute(
    {
      method: "patch",
      path: "/api/v1/workspaces/{workspace}",
      operationId: "updateWorkspace",
      conditional: true,
      summary: "Change the description of a workspace; its name never changes",
      tag,
      door: { by: "operator", permission: "workspaces:update" },
      params: workspacePath,
      body: workspacePatch,
      answers: [{ status: 200, description: "The workspace", schema: workspace }],
    },
    async ({ services, asked, params, body, http }) => {
      const ifMatch = ifMatchOf(http);
      if (!ifMatch.ok) return ifMatch;
      return reply(
        await updateWorkspace(services.operations, asked, { ...params, ifMatch: ifMatch.value }, body),
      );
    },
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/workspaces/{workspace}/halt",
      operationId: "haltWorkspace",
      summary: "Stop every agent of a workspace: at every door, within seconds",
      tag,
      door: { by: "operator", permission: "workspaces:halt" },
      params: workspacePath,
      query: waitQuery,
      body: haltRequest,
      answers: [
        {
          status: 202,
          description: "Committed; effective after `effective_in_ms`",
          schema: workspaceTransition,
        },
        { status: 200, description: "Effective, or already halted", schema: workspaceTransition },
      ],
    },
    async ({ services, asked, params, query, body }) => {
      const options = { reason: body.reason, waits: query.wait === "effective" };
      const moved = await moveWorkspace(services.operations, asked, params.workspace, "halt", options);
      return reply(moved, moved.ok && moved.value.effective_in_ms > 0 ? 202 : 200);
    },
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/workspaces/{workspace}/resume",
      operationId: "resumeWorkspace",
      summary: "Let the agents of a workspace act again; earlier tokens stay invalid",
      tag,
      door: { by: "operator", permission: "workspaces:resume" },
      params: workspacePath,
      body: z.strictObject({}),
      answers: [{ status: 200, description: "The state after the command", schema: workspaceTransition }],
    },
    async ({ services, asked, params }) => {
      const options = { reason: null, waits: false };
      return reply(await moveWorkspace(services.operations, asked, params.workspace, "resume", options));
    },
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/workspaces/{workspace}/halts",
      operationId: "listWorkspaceHalts",
      summary: "List the halts of a workspace, newest first",
      tag,
      door: { by: "operator", permission: "workspaces:read" },
      params: workspacePath,
      query: z.strictObject(page),
      answers: [{ status: 200, description: "A page of halts", schema: haltList }],
    },
    async ({ services, asked, params, query }) =>
      reply(await listWorkspaceHalts(services.operations, asked, params.workspace, query)),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/workspaces/{workspace}/halts/{halt}",
      operationId: "showWorkspaceHalt",
      summary: "The receipt of a halt, signed when read",
      tag,
      door: { by: "operator", permission: "workspaces:read" },
      params: workspacePath.extend({ halt: z.string().max(40) }),
      answers: [{ status: 200, description: "The receipt", schema: halt }],
    },
    async ({ services, asked, params }) => reply(await readWorkspaceHalt(services.operations, asked, params)),
  ),
];
