/** One agent as it is now: the record from the registry, the state from its object. */
import type { Agent } from "../contract/agent.ts";
import { isId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import {
  agentView,
  listAgents,
  type AgentFilter,
  type AgentPlace,
  type RegisteredAgent,
} from "../registry/agents.ts";
import { unknownAgentFilter } from "./agent-filters.ts";
import { agentFor, workspaceFor } from "./request/resolve.ts";
import { BAD_CURSOR, pageOf, type Page } from "./answer/page.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { memberRefusal, type Refusal } from "./answer/refusal.ts";

export async function showAgent(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined },
): Promise<Result<Agent, Refusal>> {
  const found = await agentFor(ports.db, request.operator, target.agent, target.workspace);
  return found.ok ? ok(await liveView(ports, found.value)) : found;
}

/** D1 ahead of the object: the object is lost. It denies by itself; whoever looks is told, and so is the log. */
export async function liveView(ports: OperationPorts, row: RegisteredAgent): Promise<Agent> {
  const live = await ports.owners.agent(row.id).describe();
  if (live !== null) return agentView(row, live);
  ports.log.write("error", "agent.lost", { agent: row.id });
  return agentView(row, {
    state: "lost",
    stateChangedAt: row.stateChangedAt,
    recordVersion: row.recordVersion,
    draining: null,
  });
}

type AgentListQuery = AgentFilter & {
  readonly workspace?: string | undefined;
  readonly all_workspaces?: boolean | undefined;
  readonly limit: number;
};

/** A page of agents, with the states of the projection: of one workspace by name, or of all by workspace and name. */
export async function listWorkspaceAgents(
  ports: OperationPorts,
  request: OperatorRequest,
  query: AgentListQuery,
  after: string | undefined,
): Promise<Result<Page<Agent>, Refusal>> {
  const { operator } = request;
  const place = await placeFor(ports, request, query, after);
  if (!place.ok) return place;
  const steward = operator.role === "developer" ? operator.subject : query.steward;
  // Somebody else's agents are not there for a developer, as little as those of a steward that has none.
  if (query.steward !== undefined && query.steward !== steward) return ok({ items: [], next_cursor: null });
  const rows = await listAgents(ports.db, place.value, { ...query, steward }, query.limit + 1);
  if (rows.length === 0 && after === undefined) {
    const within = operator.role === "developer" ? { steward } : {};
    const unknown = await unknownAgentFilter(ports, request, place.value, query, within);
    if (unknown !== null) return err(unknown);
  }
  return ok(
    pageOf(
      rows.map((row) => agentView(row)),
      query.limit,
      ({ workspace_id: workspace, name }) => (query.all_workspaces === true ? `${workspace}/${name}` : name),
    ),
  );
}

/** Where to look, and from where on: the cursor of a list over all workspaces names one of them, too. */
async function placeFor(
  ports: OperationPorts,
  { operator }: OperatorRequest,
  query: AgentListQuery,
  after: string | undefined,
): Promise<Result<AgentPlace, Refusal>> {
  if (query.all_workspaces !== true) {
    const home = await workspaceFor(ports.db, operator, query.workspace);
    return home.ok ? ok({ workspace: home.value.id, after }) : home;
  }
  if (query.workspace !== undefined)
    return err(memberRefusal("invalid_request", "workspace", "It does not go with all_workspaces."));
  const visible = { visible: operator.workspaces };
  if (after === undefined) return ok(visible);
  const [workspace, name] = after.split("/", 2);
  if (workspace === undefined || !isId("wsp", workspace) || name === undefined) return err(BAD_CURSOR);
  return ok({ ...visible, after: { workspace, name } });
}
