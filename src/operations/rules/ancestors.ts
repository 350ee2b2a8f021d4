/**
 * A stopped family takes no new members, and none of its members starts (design part 6): whoever stops an agent with its
 * family must not find a descendant at work because it was activated, resumed or registered a little later.
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

/** Whether each ancestor is active or provisioned, by the word of its object; the refusal names the nearest that is not. */
export const runsAbove = (ports: AncestorPorts, id: AgentId): Promise<Result<void, AncestorRefusal>> =>
  allRun(ports, id, []);

/** As `runsAbove`, and the agent itself too. */
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

/** @throws for an agent that the registry has just named and does not have. */
async function workspaceOf({ db }: AncestorPorts, id: AgentId): Promise<string> {
  const agent = await findAgentById(db, id);
  if (agent === undefined) throw new Error(`the registry has no agent ${id}`);
  return agent.workspaceName;
}

type Stopped = Extract<AncestorRefusal, { kind: "ancestor_stopped" }>["state"];

const isStopped = (state: AgentAnswer["state"]): state is Stopped =>
  state === "suspended" || state === "revoked" || state === "absent";
