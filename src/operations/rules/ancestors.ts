/**
 * A stopped family takes no new members, and none of its members starts (design part 6): whoever stops an agent with its
 * family must not find a descendant at work because it was activated, resumed or registered a little later.
 */
import type { AgentId } from "../../kernel/ids.ts";
import type { AgentAnswer } from "../../lifecycle/lease.ts";
import { ancestorsOf } from "../../registry/agents.ts";
import type { Database } from "../../storage/client.ts";
import type { StoppedAncestor } from "../owners/owner-answer.ts";
import type { Owners } from "../owners/owners.ts";

interface AncestorPorts {
  readonly db: Database;
  readonly owners: Pick<Owners, "agent">;
}

/** The nearest ancestor that is stopped, by the word of its object; null: each of them is active or provisioned. */
export const stoppedAbove = async (ports: AncestorPorts, id: AgentId): Promise<StoppedAncestor | null> =>
  nearestStopped(ports, await ancestorsOf(ports.db, id));

/** The agent itself if it is stopped, else as `stoppedAbove`. */
export const stoppedFrom = async (ports: AncestorPorts, id: AgentId): Promise<StoppedAncestor | null> =>
  nearestStopped(ports, [id, ...(await ancestorsOf(ports.db, id))]);

async function nearestStopped(
  { owners }: AncestorPorts,
  nearestFirst: readonly AgentId[],
): Promise<StoppedAncestor | null> {
  const answers = await Promise.all(
    nearestFirst.map(async (agent) => ({ agent, state: (await owners.agent(agent).lease()).state })),
  );
  for (const { agent, state } of answers) if (isStopped(state)) return { agent, state };
  return null;
}

const isStopped = (state: AgentAnswer["state"]): state is StoppedAncestor["state"] =>
  state === "suspended" || state === "revoked" || state === "absent";
