/** Transfers many agents in parallel, and reports the outcome of each. Safe to repeat. */
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

/** Each agent is transferred only while its steward is `from`: another operator may have transferred it meanwhile. */
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

/** Reports each failure and each warning once. */
export function tellFailures(session: Session, outcomes: readonly Moved[]): void {
  const { output } = session;
  const warnings = outcomes.flatMap(({ done }) => done?.warnings ?? []);
  tellWarnings(output, [...new Map(warnings.map((warning) => [warning.detail, warning])).values()]);
  tellFailed(session, outcomes.map(ofAgent));
}
