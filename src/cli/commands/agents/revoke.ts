/** `dome agents revoke`. It is final (P5), so it asks for the name, or wants `--yes`. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { inWorkspace, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { stop, type StopOptions } from "./stop.ts";

interface RevokeOptions extends StopOptions {
  readonly yes?: boolean;
}

export const revokeCommand = (session: Session): Command =>
  verb({
    name: "revoke",
    summary: "Revoke an agent for ever: its keys and tokens are dead, its record stays",
    description:
      "Revoke an agent for ever: its keys and tokens are dead, its record stays readable. There is no way back. " +
      "On a terminal it asks for the agent's name; elsewhere it wants --yes.",
    examples: [
      'dome agents revoke support-triage --reason "replaced" --wait',
      "dome agents revoke support-triage --yes",
    ],
  })
    .argument("<agent>", "name or id")
    .addOption(workspaceOption())
    .option("--reason <text>", "why, for the audit trail")
    .option("--wait", "return when the stop is effective")
    .option("--yes", "do not ask")
    .action(async (agent: string, options: RevokeOptions) => {
      await confirm(session, agent, options);
      await stop(session, "revoke", agent, options);
    });

async function confirm(session: Session, agent: string, options: RevokeOptions): Promise<void> {
  if (options.yes === true) return;
  const { stdin } = session.io;
  if (!stdin.isTTY) {
    throw usage(
      "revoking is final, and there is no terminal to ask",
      `dome agents revoke ${agent}${inWorkspace(options.workspace)} --yes`,
    );
  }
  const typed = await stdin.ask(`Revoking ${agent} is final. Type its name to go on: `, false);
  if (typed.trim() !== agent)
    throw new CommandFailure(EXIT.failed, "the name is another one; nothing was revoked");
}
