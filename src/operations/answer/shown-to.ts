/**
 * The view of agents that the reader may see. A developer sees only agents it is the steward of, so it must not learn
 * of another steward's parent agent: the agent is shown without a parent (P11).
 */
import type { Operator } from "../../access/operator.ts";
import type { Agent } from "../../contract/agent.ts";
import type { Database } from "../../storage/client.ts";
import { stewardedAmong } from "../../registry/agents.ts";

export async function agentsShownTo(
  db: Database,
  { role, subject }: Operator,
  agents: readonly Agent[],
): Promise<Agent[]> {
  const parents = [...new Set(agents.flatMap(({ parent }) => (parent === null ? [] : [parent])))];
  if (role !== "developer" || parents.length === 0) return [...agents];
  const own = await stewardedAmong(db, subject, parents);
  return agents.map((agent) =>
    agent.parent === null || own.has(agent.parent) ? agent : { ...agent, parent: null },
  );
}

/** As `agentsShownTo`, for one agent. */
export async function agentShownTo(db: Database, reader: Operator, agent: Agent): Promise<Agent> {
  const [shown = agent] = await agentsShownTo(db, reader, [agent]);
  return shown;
}
