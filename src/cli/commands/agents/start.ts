/**
 * What `activate` and `resume` have in common. They return 300 ms after the commit: isolates keep the answer "not
 * active" for at most 250 ms, so that a call made after the command has returned is not refused by an old one.
 */
import type { Command } from "commander";
import { verb, type Words } from "../../command.ts";
import { clean } from "../../output.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";

export const SETTLE_MS = 300;

type Start = "activate" | "resume";

interface StartOptions {
  readonly workspace?: string;
  readonly reason?: string;
}

export function startCommand(session: Session, start: Start, words: Words): Command {
  return verb(words)
    .argument("<agent>", "name or id")
    .addOption(workspaceOption())
    .option("--reason <text>", "why, for the audit trail; required to lift a hold")
    .action((agent: string, options: StartOptions) => run(session, start, agent, options));
}

async function run(
  session: Session,
  start: Start,
  agent: string,
  { workspace, reason }: StartOptions,
): Promise<void> {
  const service = await session.controlPlane();
  const transition = await service.agents[start]({ agent, workspace }, { reason: reason ?? null });
  await session.io.timers.sleep(SETTLE_MS);
  const { output } = session;
  output.show({
    body: transition,
    ids: [transition.agent],
    text: () => `${clean(agent)} is ${transition.state}${transition.changed ? "" : " (it was already)"}.`,
  });
}
