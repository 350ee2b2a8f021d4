/** `dome agents revoke`. It is final (P5), so it asks for the name, or takes `--yes`. */
import type { Command } from "commander";
import { confirm } from "../../confirm.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { inWorkspace } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { orderOf } from "./stop-order.ts";
import { stopCommand } from "./stop.ts";

export const revokeCommand = (session: Session): Command =>
  stopCommand(
    session,
    "revoke",
    {
      name: "revoke",
      summary: "Revoke agents permanently; their records stay",
      description:
        "Revoke agents permanently: Dome refuses their keys and tokens; their records stay readable. You cannot undo this. " +
        "On a terminal, the command asks you to type the agent's name, or the number of agents; in scripts, pass --yes.",
      examples: [
        'dome agents revoke support-triage --reason "replaced" --wait',
        "dome agents revoke support-triage --yes",
        "dome agents revoke --owner ada@example.com --wait",
      ],
    },
    (agent, options) =>
      confirm(session, options.yes, {
        answer: agent,
        question: `Revoking ${agent} is final. Type its name to go on: `,
        because: "revoking is final",
        kind: "name",
        done: "revoked",
        next: `dome agents revoke ${shellWord(agent)}${inWorkspace(options.workspace)}${orderOf(options)} --yes`,
      }),
  );
