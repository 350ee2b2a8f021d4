/**
 * P7 at a door: an agent that acts only for a verified end user does nothing there without one, and neither does any
 * agent at a tool whose server is called in the name of users. A call is decided on, and denied with a record; this is
 * for the rest, which Dome answers itself: lists, and what a server or the door of all servers can do.
 */
import { ok, type Result } from "../kernel/result.ts";
import type { Caller } from "./caller.ts";
import { deniedForUser } from "./evaluate.ts";
import type { Verdict } from "./verdict.ts";
import { judgedUser, type DecisionPorts } from "./judge.ts";
import type { NoLease } from "./lease-client.ts";

/**
 * @param tool of the door; null: the door of all tools.
 * @returns why nothing is done for this caller; null: its calls are decided on one by one.
 */
export async function userAtDoor(
  { leases, configuration }: Pick<DecisionPorts, "leases" | "configuration">,
  caller: Caller,
  tool: string | null,
): Promise<Result<Verdict | null, NoLease>> {
  const { workspace } = caller.state;
  const lease = await leases.workspace(workspace);
  if (!lease.ok) return lease;
  const { config_epoch: configEpoch } = lease.value.answer;
  const catalog = await configuration.catalog(workspace, configEpoch);
  const user = await judgedUser(configuration, caller, configEpoch);
  return ok(deniedForUser({ agents: caller.agents, user, catalog }, tool) ?? null);
}
