/** One agent as it is now: the record from the registry, the state from its object. */
import type { Agent } from "../contract/agent.ts";
import { ok, type Result } from "../kernel/result.ts";
import { agentView, listAgents, type AgentFilter, type RegisteredAgent } from "../registry/agents.ts";
import { agentFor, workspaceFor } from "./request/resolve.ts";
import { pageOf, type Page } from "./answer/page.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import type { Refusal } from "./answer/refusal.ts";

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

/** A page of agents, with the states of the projection. */
export async function listWorkspaceAgents(
  ports: OperationPorts,
  request: OperatorRequest,
  query: AgentFilter & { readonly workspace?: string | undefined; readonly limit: number },
  after: string | undefined,
): Promise<Result<Page<Agent>, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, query.workspace);
  if (!home.ok) return home;
  const { operator } = request;
  const owner = operator.role === "developer" ? operator.subject : query.owner;
  // Somebody else's agents are not there for a developer, as little as those of an owner that has none.
  if (query.owner !== undefined && query.owner !== owner) return ok({ items: [], next_cursor: null });
  const rows = await listAgents(ports.db, home.value.id, { ...query, owner }, after, query.limit + 1);
  return ok(
    pageOf(
      rows.map((row) => agentView(row)),
      query.limit,
      (agent) => agent.name,
    ),
  );
}
