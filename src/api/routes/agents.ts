import { z } from "zod";
import {
  agent,
  agentCreate,
  agentCreated,
  agentPatch,
  agentRedeclare,
  agentRedeclared,
  agentTransfer,
  agentTransferred,
  agentUpdated,
} from "../../contract/agent.ts";
import { agentList, agentQuery } from "../../contract/agent-list.ts";
import { policySuggestion, suggestionQuery } from "../../contract/suggestion.ts";
import { ok } from "../../kernel/result.ts";
import { listWorkspaceAgents } from "../../operations/list-agents.ts";
import { redeclareItems } from "../../operations/redeclare-items.ts";
import { registerAgent } from "../../operations/register-agent.ts";
import { showAgent } from "../../operations/show-agent.ts";
import { suggestPolicy } from "../../operations/suggest-policy.ts";
import { transferAgent } from "../../operations/transfer-agent.ts";
import { updateAgent } from "../../operations/update-agent.ts";
import { agentPath, inWorkspace } from "../agent-path.ts";
import { etagOf, ifMatchOf } from "../if-match.ts";
import { NO_STORE, reply } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const tag = "agents";

export const agentRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "post",
      path: "/api/v1/agents",
      operationId: "registerAgent",
      summary: "Register an agent: its record, its surface, its first key",
      tag,
      door: { by: "operator", permission: "agents:register" },
      body: agentCreate,
      answers: [{ status: 201, description: "The agent and, once, its API key", schema: agentCreated }],
    },
    async ({ services, asked, body }) =>
      reply(await registerAgent(services.operations, asked, body), 201, NO_STORE),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/agents",
      operationId: "listAgents",
      summary: "List the agents of a workspace",
      tag,
      door: { by: "operator", permission: "agents:read" },
      query: agentQuery,
      answers: [{ status: 200, description: "A page of agents", schema: agentList }],
    },
    async ({ services, asked, query }) => reply(await listWorkspaceAgents(services.operations, asked, query)),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/agents/{agent}",
      operationId: "showAgent",
      summary: "Show an agent, with its current state",
      tag,
      door: { by: "operator", permission: "agents:read" },
      params: agentPath,
      query: z.strictObject(inWorkspace),
      answers: [{ status: 200, description: "The agent", schema: agent }],
    },
    async ({ services, asked, params, query }) => {
      const shown = await showAgent(services.operations, asked, { ...params, workspace: query.workspace });
      return shown.ok ? ok({ body: shown.value, headers: etagOf(shown.value.record_version) }) : shown;
    },
  ),
  problemRoute(
    {
      method: "patch",
      path: "/api/v1/agents/{agent}",
      operationId: "updateAgent",
      conditional: true,
      summary: "Change the settings of an agent; its record never changes",
      tag,
      door: { by: "operator", permission: "agents:update" },
      params: agentPath,
      query: z.strictObject(inWorkspace),
      body: agentPatch,
      answers: [{ status: 200, description: "The agent", schema: agentUpdated }],
    },
    async ({ services, asked, params, query, body, http }) => {
      const ifMatch = ifMatchOf(http);
      if (!ifMatch.ok) return ifMatch;
      const target = { ...params, workspace: query.workspace, ifMatch: ifMatch.value };
      return reply(await updateAgent(services.operations, asked, target, body));
    },
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/agents/{agent}/suggestion",
      operationId: "suggestPolicy",
      summary: "What an agent declares and has not used, as a narrower surface and as policies",
      tag,
      door: { by: "operator", permission: "agents:read" },
      params: agentPath,
      query: suggestionQuery,
      answers: [{ status: 200, description: "The suggestion; nothing is changed", schema: policySuggestion }],
    },
    async ({ services, asked, params, query }) =>
      reply(await suggestPolicy(services.operations, asked, params.agent, query)),
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/agents/{agent}/redeclare",
      operationId: "redeclareAgentItems",
      conditional: true,
      summary: "Declare items again that have lapsed unused, or are about to",
      tag,
      door: { by: "operator", permission: "agents:activate" },
      params: agentPath,
      query: z.strictObject(inWorkspace),
      body: agentRedeclare,
      answers: [
        { status: 200, description: "The agent, and what is declared again", schema: agentRedeclared },
      ],
    },
    async ({ services, asked, params, query, body, http }) => {
      const ifMatch = ifMatchOf(http);
      if (!ifMatch.ok) return ifMatch;
      const target = { ...params, workspace: query.workspace, ifMatch: ifMatch.value };
      return reply(await redeclareItems(services.operations, asked, target, body));
    },
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/agents/{agent}/transfer",
      operationId: "transferAgent",
      conditional: true,
      summary: "Transfer an agent to another steward; its owner stays",
      tag,
      door: { by: "operator", permission: "agents:transfer" },
      params: agentPath,
      query: z.strictObject(inWorkspace),
      body: agentTransfer,
      answers: [
        { status: 200, description: "The agent, and its previous steward", schema: agentTransferred },
      ],
    },
    async ({ services, asked, params, query, body, http }) => {
      const ifMatch = ifMatchOf(http);
      if (!ifMatch.ok) return ifMatch;
      const target = { ...params, workspace: query.workspace, ifMatch: ifMatch.value };
      return reply(await transferAgent(services.operations, asked, target, body));
    },
  ),
];
