/** `dome agents revoke`. It is final (P5), so it asks for the name, or wants `--yes`. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { confirm } from "../../confirm.ts";
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
      await confirm(session, options.yes, {
        answer: agent,
        question: `Revoking ${agent} is final. Type its name to go on: `,
        because: "revoking is final",
        otherwise: "the name is another one; nothing was revoked",
        next: `dome agents revoke ${agent}${inWorkspace(options.workspace)} --yes`,
      });
      await stop(session, "revoke", agent, options);
    });
