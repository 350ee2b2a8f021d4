/** Lists agents with the states of the projection: of one workspace, or of all that the reader may see. */
import type { Agent } from "../contract/agent.ts";
import type { AgentSort } from "../contract/agent-list.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { listAgents, MOST_LOOKED_AT, type AgentFilter } from "../registry/agent-list.ts";
import { AgentOrder } from "../registry/agent-order.ts";
import { agentView } from "../registry/agents.ts";
import { unknownAgentFilter } from "./agent-filters.ts";
import { listCursor, placeAfter } from "./answer/list-cursor.ts";
import { questionOf } from "./answer/list-mark.ts";
import type { Page } from "./answer/page.ts";
import type { Refusal } from "./answer/refusal.ts";
import { agentsShownTo } from "./answer/shown-to.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { scopeFor, stewardFor } from "./request/resolve.ts";

type AgentListQuery = AgentFilter & {
  readonly workspace?: string | undefined;
  readonly all_workspaces?: boolean | undefined;
  readonly sort: AgentSort;
  readonly limit: number;
  readonly cursor?: string | undefined;
};

export async function listWorkspaceAgents(
  ports: OperationPorts,
  request: OperatorRequest,
  query: AgentListQuery,
): Promise<Result<Page<Agent>, Refusal>> {
  const { operator } = request;
  const scope = await scopeFor(ports.db, operator, query);
  if (!scope.ok) return scope;
  const question = questionOf("agents", query, scope.value);
  const after = await placeAfter(ports, question, query.cursor);
  if (!after.ok) return after;
  const whose = stewardFor(operator, query.steward);
  if (whose === null) return ok({ items: [], next_cursor: null });
  const { steward, seen } = whose;
  const page = {
    order: new AgentOrder(query.sort),
    after: after.value,
    limit: query.limit,
    mostLookedAt: MOST_LOOKED_AT,
    now: ports.clock.now(),
  };
  const { agents, next } = await listAgents(ports.db, scope.value, { ...query, steward }, page);
  if (agents.length === 0 && next === null && query.cursor === undefined) {
    const unknown = await unknownAgentFilter(ports, request, scope.value, query, seen);
    if (unknown !== null) return err(unknown);
  }
  return ok({
    items: await agentsShownTo(
      ports.db,
      operator,
      agents.map((agent) => agentView(agent)),
    ),
    next_cursor: next === null ? null : await listCursor(ports, question, next),
  });
}
