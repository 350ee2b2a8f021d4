/**
 * Below a stopped agent, no agent may start and no agent may be added (design part 6). Otherwise an operator who
 * stopped an agent with its descendants could find a descendant at work that was activated, resumed or registered a
 * little later.
 */
import type { AgentId } from "../../kernel/ids.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { AgentAnswer } from "../../lifecycle/lease.ts";
import { ancestorsOf, findAgentById } from "../../registry/agents.ts";
import type { Database } from "../../storage/client.ts";
import type { AncestorRefusal } from "../owners/owner-answer.ts";
import type { Owners } from "../owners/owners.ts";

interface AncestorPorts {
  readonly db: Database;
  readonly owners: Pick<Owners, "agent">;
}

/**
 * Checks that each ancestor is active or provisioned, by asking its object. The refusal names the nearest that is not.
 */
export const runsAbove = (ports: AncestorPorts, id: AgentId): Promise<Result<void, AncestorRefusal>> =>
  allRun(ports, id, []);

/** As `runsAbove`, for the agent itself too. */
export const runsFrom = (ports: AncestorPorts, id: AgentId): Promise<Result<void, AncestorRefusal>> =>
  allRun(ports, id, [id]);

async function allRun(
  ports: AncestorPorts,
  id: AgentId,
  below: readonly AgentId[],
): Promise<Result<void, AncestorRefusal>> {
  const above = await ancestorsOf(ports.db, id);
  if (!above.ok) return err({ kind: above.error, agent: id, workspace: await workspaceOf(ports, id) });
  const answers = await Promise.all(
    [...below, ...above.value].map(async (agent) => ({
      agent,
      state: (await ports.owners.agent(agent).lease()).state,
    })),
  );
  for (const { agent, state } of answers)
    if (isStopped(state))
      return err({ kind: "ancestor_stopped", agent, state, workspace: await workspaceOf(ports, agent) });
  return ok(undefined);
}

/** @throws when the registry lacks an agent that it has just named. */
async function workspaceOf({ db }: AncestorPorts, id: AgentId): Promise<string> {
  const agent = await findAgentById(db, id);
  if (agent === undefined) throw new Error(`the registry has no agent ${id}`);
  return agent.workspaceName;
}

type Stopped = Extract<AncestorRefusal, { kind: "ancestor_stopped" }>["state"];

const isStopped = (state: AgentAnswer["state"]): state is Stopped =>
  state === "suspended" || state === "revoked" || state === "absent";
