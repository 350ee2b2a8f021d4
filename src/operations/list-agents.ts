/** Lists of agents, with the states of the projection: of one workspace by name, or of all that the reader sees. */
import type { Agent } from "../contract/agent.ts";
import type { AgentSort } from "../contract/agent-list.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { listAgents, MOST_LOOKED_AT, type AgentFilter } from "../registry/agent-list.ts";
import { AgentOrder } from "../registry/agent-order.ts";
import type { AgentPlace } from "../registry/agent-place.ts";
import { agentView } from "../registry/agents.ts";
import { unknownAgentFilter } from "./agent-filters.ts";
import { listCursor, placeAfter } from "./answer/list-cursor.ts";
import type { Page } from "./answer/page.ts";
import { memberRefusal, type Refusal } from "./answer/refusal.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { agentsShownTo } from "./answer/shown-to.ts";
import { workspaceFor } from "./request/resolve.ts";

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
  const place = await placeFor(ports, request, query);
  if (!place.ok) return place;
  const order = new AgentOrder(query.sort);
  const question = questionOf(query, place.value);
  const after = await placeAfter(ports, question, query.cursor);
  if (!after.ok) return after;
  const steward = operator.role === "developer" ? operator.subject : query.steward;
  // Somebody else's agents are not there for a developer, as little as those of a steward that has none.
  if (query.steward !== undefined && query.steward !== steward) return ok({ items: [], next_cursor: null });
  const now = ports.clock.now();
  const page = { order, after: after.value, limit: query.limit, mostLookedAt: MOST_LOOKED_AT, now };
  const { agents, next } = await listAgents(ports.db, place.value, { ...query, steward }, page);
  if (agents.length === 0 && query.cursor === undefined) {
    const within = operator.role === "developer" ? { steward } : {};
    const unknown = await unknownAgentFilter(ports, request, place.value, query, within);
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

/** The same list, however it was asked for: the order of labels and how long a page is are nothing to it. */
const questionOf = (
  { sort, ids, state, owner, steward, tier, tool, search, label }: AgentListQuery,
  place: AgentPlace,
) => ({
  list: "agents",
  place: "workspace" in place ? place.workspace : "everywhere",
  label: label?.toSorted(),
  sort,
  ids,
  state,
  owner,
  steward,
  tier,
  tool,
  search,
});

async function placeFor(
  { db }: OperationPorts,
  { operator }: OperatorRequest,
  query: AgentListQuery,
): Promise<Result<AgentPlace, Refusal>> {
  if (query.all_workspaces !== true) {
    const home = await workspaceFor(db, operator, query.workspace);
    return home.ok ? ok({ workspace: home.value.id }) : home;
  }
  return query.workspace === undefined
    ? ok({ visible: operator.workspaces })
    : err(memberRefusal("invalid_request", "workspace", "workspace and all_workspaces exclude each other."));
}
