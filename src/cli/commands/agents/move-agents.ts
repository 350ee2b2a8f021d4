/** Transfers of many agents: all of them at once, and what has become of each. Safe to repeat. */
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Agent, AgentTransferred } from "../../../contract/agent.ts";
import { attempt, ofAgent, tellFailed, type Attempt } from "../../attempt.ts";
import { inParallel } from "../../in-parallel.ts";
import { type Style } from "../../output.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import { tellWarnings } from "./view.ts";

export interface Move {
  readonly from: string;
  readonly to: string;
  readonly reason: string | null;
}

type Moved = Attempt<AgentTransferred> & { readonly agent: Agent };

/** Each only as long as it is `from` who answers for it: somebody may have transferred it meanwhile. */
export const moveAgents = (service: ControlPlane, agents: readonly Agent[], move: Move): Promise<Moved[]> =>
  inParallel(agents, async (agent) => ({
    agent,
    ...(await attempt(service.agents.transfer({ agent: agent.id }, move))),
  }));

export const transferTable = (style: Style, outcomes: readonly Moved[]): string =>
  table(
    style,
    ["NAME", "WORKSPACE", "STEWARD", "BEFORE", "ID"],
    outcomes.map(({ agent, done }) => [
      agent.name,
      agent.workspace,
      done === null ? "failed" : done.agent.steward,
      agent.steward,
      agent.id,
    ]),
  );

/** What went wrong, and what was accepted with a warning, each said once. */
export function tellFailures(session: Session, outcomes: readonly Moved[]): void {
  const { output } = session;
  const warnings = outcomes.flatMap(({ done }) => done?.warnings ?? []);
  tellWarnings(output, [...new Map(warnings.map((warning) => [warning.detail, warning])).values()]);
  tellFailed(session, outcomes.map(ofAgent));
}
