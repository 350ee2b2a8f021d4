/** Who a session belongs to. */
import type { Caller } from "../../../access/caller.ts";

/**
 * The caller with the epochs of its agents: a session of an agent that was stopped since does not come back with it. The
 * key is not part of it, so that a key may be rotated within a session.
 */
export const identityOf = ({ state }: Pick<Caller, "state">) => ({
  workspace: state.workspace,
  halts: state.haltEpoch,
  agents: state.chain.map(({ agent, epoch }) => [agent, epoch] as const),
  user: state.user ?? null,
  resumed: state.userEpoch ?? null,
});
