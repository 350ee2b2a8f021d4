import { z } from "zod";
import { toolSecret, toolSecretCreate, toolSecretList, toolSecretRemoved } from "../../contract/upstream.ts";
import { page } from "../../contract/words.ts";
import { addToolSecret, listToolSecrets, removeToolSecret } from "../../operations/change-tool-secrets.ts";
import { inWorkspace } from "../agent-path.ts";
import { problemRoute } from "../problem-route.ts";
import { reply } from "../reply.ts";
import type { Route } from "../route.ts";

const write = { by: "operator", permission: "catalog:write" } as const;
const read = { by: "operator", permission: "catalog:read" } as const;
const tag = "catalog";
const path = "/api/v1/tools/{name}/secrets";
const toolPath = z.strictObject({ name: z.string().max(63) });
const secretPath = toolPath.extend({ secret: z.string().max(63) });
const query = z.strictObject(inWorkspace);

export const toolSecretRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "post",
      path,
      operationId: "addToolSecret",
      summary: "Add a credential for the server behind a tool; the newest one is sent",
      tag,
      door: write,
      params: toolPath,
      query,
      body: toolSecretCreate,
      secretMember: "value",
      answers: [{ status: 201, description: "The credential, without its value", schema: toolSecret }],
    },
    async ({ services, asked, params, query: { workspace }, body }) =>
      reply(await addToolSecret(services.operations, asked, { tool: params.name, workspace }, body)),
  ),
  problemRoute(
    {
      method: "get",
      path,
      operationId: "listToolSecrets",
      summary: "List the credentials for the server behind a tool, newest first, without their values",
      tag,
      door: read,
      params: toolPath,
      query: query.extend(page),
      answers: [{ status: 200, description: "A page of them", schema: toolSecretList }],
    },
    async ({ services, asked, params, query: { workspace, ...paging } }) =>
      reply(await listToolSecrets(services.operations, asked, { tool: params.name, workspace }, paging)),
  ),
  problemRoute(
    {
      method: "delete",
      path: `${path}/{secret}`,
      operationId: "removeToolSecret",
      summary: "Remove a credential for the server behind a tool",
      tag,
      door: write,
      params: secretPath,
      query,
      answers: [{ status: 200, description: "What was removed", schema: toolSecretRemoved }],
    },
    async ({ services, asked, params, query: { workspace } }) =>
      reply(
        await removeToolSecret(services.operations, asked, {
          tool: params.name,
          secret: params.secret,
          workspace,
        }),
      ),
  ),
];
