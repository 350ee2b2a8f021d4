/** `dome agents activate` */
import type { Command } from "commander";
import type { Session } from "../../session.ts";
import { startCommand } from "./start.ts";

export const activateCommand = (session: Session): Command =>
  startCommand(session, "activate", {
    name: "activate",
    summary: "Activate agents, so that they may use their surface",
    description:
      "Activate agents, so that they may use their surface. This also cancels a drain. For a suspended agent, use resume. " +
      "For several agents, Dome lists them and asks you to confirm; in scripts, pass --yes.",
    examples: ["dome agents activate support-triage", "dome agents activate --label team=support --dry-run"],
  });
