import { z } from "zod";
import { waitQuery } from "../../contract/halt.ts";
import {
  keyCreate,
  keyCreated,
  keyIdentified,
  keyIdentify,
  keyList,
  keyQuery,
  keyRevoked,
  listedKeys,
} from "../../contract/key.ts";
import { page, proseLine } from "../../contract/words.ts";
import { identifyFoundKey } from "../../operations/identify-key.ts";
import { issueKey } from "../../operations/issue-key.ts";
import { listAgentKeys } from "../../operations/list-keys.ts";
import { listKeysAcross } from "../../operations/list-keys-of-agents.ts";
import { afterOf } from "../../operations/answer/page.ts";
import { revokeKey } from "../../operations/revoke-key.ts";
import { agentPath, inWorkspace } from "../agent-path.ts";
import { NO_STORE, reply } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const tag = "keys";

export const keyRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "post",
      path: "/api/v1/keys/identify",
      operationId: "identifyKey",
      summary: "Show the agent of an API key, and whether the key is live, without using it",
      tag,
      door: { by: "operator", permission: "keys:identify" },
      body: keyIdentify,
      keyMember: "api_key",
      answers: [{ status: 200, description: "The key and its agent", schema: keyIdentified }],
    },
    async ({ services: { operations, access }, asked, body }) => {
      const ports = { ...operations, retiredForms: access.retiredForms };
      return reply(await identifyFoundKey(ports, asked, body.api_key), 200, NO_STORE);
    },
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/keys",
      operationId: "listKeysOfAgents",
      summary: "List the keys of many agents, by age, end or last use, without secrets",
      tag,
      door: { by: "operator", permission: "keys:read" },
      query: keyQuery,
      answers: [{ status: 200, description: "A page of keys", schema: listedKeys }],
    },
    async ({ services, asked, query }) => reply(await listKeysAcross(services.operations, asked, query)),
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/agents/{agent}/keys",
      operationId: "issueKey",
      summary: "Issue another key, or rotate one",
      tag,
      door: { by: "operator", permission: "keys:issue" },
      params: agentPath,
      query: z.strictObject(inWorkspace),
      body: keyCreate,
      answers: [{ status: 201, description: "The key; its secret once", schema: keyCreated }],
    },
    async ({ services, asked, params, query, body }) =>
      reply(
        await issueKey(services.operations, asked, { ...params, workspace: query.workspace }, body),
        201,
        NO_STORE,
      ),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/agents/{agent}/keys",
      operationId: "listKeys",
      summary: "List the keys of an agent, without secrets",
      tag,
      door: { by: "operator", permission: "keys:read" },
      params: agentPath,
      query: z.strictObject({ ...inWorkspace, ...page }),
      answers: [{ status: 200, description: "A page of keys", schema: keyList }],
    },
    async ({ services, asked, params, query }) => {
      const after = afterOf(query.cursor);
      if (!after.ok) return after;
      const target = { ...params, workspace: query.workspace };
      const wanted = { after: after.value, limit: query.limit };
      return reply(await listAgentKeys(services.operations, asked, target, wanted));
    },
  ),
  problemRoute(
    {
      method: "delete",
      path: "/api/v1/agents/{agent}/keys/{key}",
      operationId: "revokeKey",
      summary: "Revoke a key and every token minted from it",
      tag,
      door: { by: "operator", permission: "keys:revoke" },
      params: agentPath.extend({ key: z.string().max(40) }),
      query: z.strictObject({
        ...inWorkspace,
        ...waitQuery.shape,
        reason: proseLine(500).optional().meta({ description: "the reason, as the ledger records it" }),
      }),
      answers: [
        { status: 202, description: "Committed; effective after `effective_in_ms`", schema: keyRevoked },
        { status: 200, description: "Effective, or the key was not live", schema: keyRevoked },
      ],
    },
    async ({ services, asked, params, query }) => {
      const target = { ...params, workspace: query.workspace };
      const why = { reason: query.reason ?? null, waits: query.wait === "effective" };
      const revoked = await revokeKey(services.operations, asked, target, why);
      return reply(revoked, revoked.ok && revoked.value.effective_in_ms > 0 ? 202 : 200);
    },
  ),
];
