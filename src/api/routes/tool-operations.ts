import { z } from "zod";
import {
  operationApproval,
  toolOperation,
  toolOperationDetail,
  toolOperationList,
  toolRefresh,
  toolRefreshed,
  toolTest,
} from "../../contract/tool-operation.ts";
import { changeQuery } from "../../contract/catalog.ts";
import { operationName } from "../../contract/resource.ts";
import { page } from "../../contract/words.ts";
import {
  approveOperation,
  listToolOperations,
  showToolOperation,
} from "../../operations/approve-operation.ts";
import { testTool } from "../../operations/test-tool.ts";
import { refreshTool } from "../../operations/refresh-tool.ts";
import { inWorkspace } from "../agent-path.ts";
import { problemRoute } from "../problem-route.ts";
import { reply } from "../reply.ts";
import type { Route } from "../route.ts";

const write = { by: "operator", permission: "catalog:write" } as const;
const read = { by: "operator", permission: "catalog:read" } as const;
const tag = "catalog";
const toolPath = z.strictObject({ name: z.string().max(63) });
const operationPath = toolPath.extend({ operation: operationName });
const query = z.strictObject(inWorkspace);
const path = "/api/v1/tools/{name}/operations";

export const toolOperationRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "post",
      path: "/api/v1/tools/{name}/refresh",
      operationId: "refreshTool",
      summary:
        "List the operations of the MCP server or of the OpenAPI document behind a tool, and quarantine each that differs",
      tag,
      door: write,
      params: toolPath,
      query: changeQuery,
      body: toolRefresh,
      answers: [
        { status: 200, description: "What is pinned, and what waits for approval", schema: toolRefreshed },
      ],
    },
    async ({ services, asked, params, query: { workspace, even_if_policies_break }, body }) =>
      reply(
        await refreshTool(
          services.operations,
          asked,
          { tool: params.name, workspace },
          body,
          even_if_policies_break === "true",
        ),
      ),
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/tools/{name}/test",
      operationId: "testTool",
      summary: "Try a tool: its address, its credential, its server, and the definitions of its operations",
      tag,
      door: write,
      params: toolPath,
      query,
      answers: [{ status: 200, description: "Each step, and which side failed", schema: toolTest }],
    },
    async ({ services, asked, params, query: { workspace } }) =>
      reply(await testTool(services.operations, asked, { tool: params.name, workspace })),
  ),
  problemRoute(
    {
      method: "get",
      path,
      operationId: "listToolOperations",
      summary: "List the pinned and quarantined operations of the server behind a tool",
      tag,
      door: read,
      params: toolPath,
      query: query.extend(page),
      answers: [{ status: 200, description: "A page of them, by name", schema: toolOperationList }],
    },
    async ({ services, asked, params, query: { workspace, ...paging } }) =>
      reply(await listToolOperations(services.operations, asked, { tool: params.name, workspace }, paging)),
  ),
  problemRoute(
    {
      method: "get",
      path: `${path}/{operation}`,
      operationId: "showToolOperation",
      summary: "Show an operation as it was approved beside what its server says now",
      tag,
      door: read,
      params: operationPath,
      query,
      answers: [
        { status: 200, description: "Both definitions, and their differences", schema: toolOperationDetail },
      ],
    },
    async ({ services, asked, params, query: { workspace } }) =>
      reply(
        await showToolOperation(services.operations, asked, {
          tool: params.name,
          operation: params.operation,
          workspace,
        }),
      ),
  ),
  problemRoute(
    {
      method: "post",
      path: `${path}/{operation}/approve`,
      operationId: "approveToolOperation",
      summary: "Approve the definition of an operation that waits, or set what was reviewed of it",
      tag,
      door: write,
      params: operationPath,
      query: changeQuery,
      body: operationApproval,
      answers: [{ status: 200, description: "The operation, pinned", schema: toolOperation }],
    },
    async ({ services, asked, params, query: { workspace, even_if_policies_break }, body }) =>
      reply(
        await approveOperation(
          services.operations,
          asked,
          { tool: params.name, operation: params.operation, workspace },
          body,
          even_if_policies_break === "true",
        ),
      ),
  ),
];
