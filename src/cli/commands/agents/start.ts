/** The common part of `activate` and `resume`: one agent by name, or several, which are listed first. */
import type { Command } from "commander";
import { verb, type Words } from "../../command.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { onlyOne, withSelection } from "./selection.ts";
import { SETTLE_MS, startAgent, type Start, type StartOptions } from "./start-agent.ts";
import { startMany } from "./start-many.ts";

export function startCommand(session: Session, start: Start, words: Words): Command {
  return withSelection(verb(words).argument("[agents...]", "names or ids"))
    .option("--reason <text>", "the reason, recorded in the ledger; required to lift a hold")
    .action(async (names: readonly string[], options: StartOptions) => {
      const only = onlyOne(names, options, `agents ${start}`);
      if (only !== undefined) return startOne(session, start, only, options);
      await startMany(session, start, names, options);
    });
}

async function startOne(session: Session, start: Start, agent: string, options: StartOptions): Promise<void> {
  const service = await session.controlPlane();
  const ref = { agent, workspace: options.workspace };
  const transition = await startAgent(service, start, ref, options);
  await session.io.timers.sleep(SETTLE_MS);
  const { output } = session;
  output.show({
    body: transition,
    ids: [transition.agent],
    text: () => `${clean(agent)} is ${transition.state}${transition.changed ? "" : " (it was already)"}.`,
  });
}
