/** Activates or resumes several agents in parallel. A failure does not stop the others. */
import { attempt, ofAgent, tellFailed } from "../../attempt.ts";
import { inParallel } from "../../in-parallel.ts";
import { withReason } from "../../option-values.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import { chooseAgents, type Deed } from "./selection.ts";
import { SETTLE_MS, startAgent, type Start, type StartOptions } from "./start-agent.ts";

const DEEDS: Readonly<Record<Start, Deed>> = {
  activate: {
    command: "agents activate",
    verb: "Activate",
    done: "activated",
    concerns: ({ state }) => state === "provisioned",
  },
  resume: {
    command: "agents resume",
    verb: "Resume",
    done: "resumed",
    concerns: ({ state }) => state === "suspended",
  },
};

export async function startMany(
  session: Session,
  start: Start,
  names: readonly string[],
  options: StartOptions,
): Promise<void> {
  const service = await session.controlPlane();
  const agents = await chooseAgents(session, service, names, options, {
    ...DEEDS[start],
    options: withReason(options.reason),
  });
  if (agents === null) return;
  const outcomes = await inParallel(agents, async (agent) => ({
    agent,
    ...(await attempt(startAgent(service, start, { agent: agent.id }, options))),
  }));
  await session.io.timers.sleep(SETTLE_MS);
  const { output } = session;
  output.show({
    body: outcomes.map(({ agent, done, error }) => ({
      agent: agent.id,
      name: agent.name,
      transition: done,
      error,
    })),
    ids: outcomes.flatMap(({ done }) => done?.agent ?? []),
    text: () =>
      table(
        output.style,
        ["NAME", "STATE", "BEFORE", "ID"],
        outcomes.map(({ agent, done }) => [agent.name, done?.state ?? "failed", agent.state, agent.id]),
      ),
  });
  tellFailed(session, outcomes.map(ofAgent));
}
