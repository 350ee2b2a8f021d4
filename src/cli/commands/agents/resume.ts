/** `dome agents resume` */
import type { Command } from "commander";
import type { Session } from "../../session.ts";
import { startCommand } from "./start.ts";

export const resumeCommand = (session: Session): Command =>
  startCommand(session, "resume", {
    name: "resume",
    summary: "Resume suspended agents",
    description:
      "Resume suspended agents. Tokens from before the suspension stay invalid: the agents need new ones. A suspension by the roles " +
      "security or admin is a hold: only these roles lift it, and they must give --reason. For several agents, Dome lists them " +
      "and asks you to confirm; in scripts, pass --yes.",
    examples: [
      'dome agents resume support-triage --reason "the refunds are mended"',
      "dome agents resume --label team=support --yes",
    ],
  });
