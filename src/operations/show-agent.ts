/** Shows an agent: its record from the registry, its state from its object. */
import type { Agent } from "../contract/agent.ts";
import { ok, type Result } from "../kernel/result.ts";
import { agentView, type RegisteredAgent } from "../registry/agents.ts";
import { keyStateOf } from "./answer/key-view.ts";
import type { Refusal } from "./answer/refusal.ts";
import type { AgentDescription } from "./owners/agent-owner.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { agentShownTo } from "./answer/shown-to.ts";
import { agentFor } from "./request/resolve.ts";

export async function showAgent(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined },
): Promise<Result<Agent, Refusal>> {
  const found = await agentFor(ports.db, request.operator, target.agent, target.workspace);
  if (!found.ok) return found;
  return ok(await agentShownTo(ports.db, request.operator, await liveView(ports, found.value)));
}

/**
 * The current view of an agent. When D1 has a row and the object has none, the object is lost: it denies every call,
 * and the view and the log say so.
 */
export async function liveView(ports: OperationPorts, row: RegisteredAgent): Promise<Agent> {
  const live = await ports.owners.agent(row.id).describe();
  if (live !== null) return agentView(row, withLiveKeys(live, ports.clock.now()));
  ports.log.write("error", "agent.lost", { agent: row.id });
  return agentView(row, {
    state: "lost",
    stateChangedAt: row.stateChangedAt,
    recordVersion: row.recordVersion,
    draining: null,
  });
}

/** The object's description, with the number of keys that are live at `now` (milliseconds since the epoch). */
export const withLiveKeys = (live: AgentDescription, now: number) => ({
  ...live,
  liveKeys: live.keys.filter((key) => keyStateOf(key, now) === "live").length,
});
