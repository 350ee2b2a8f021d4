/** `dome agents activate` */
import type { Command } from "commander";
import type { Session } from "../../session.ts";
import { startCommand } from "./start.ts";

export const activateCommand = (session: Session): Command =>
  startCommand(session, "activate", {
    name: "activate",
    summary: "Activate agents: they may use their declared surface",
    description:
      "Activate agents: they may use their declared surface. It also cancels a drain. A suspended agent is resumed instead. " +
      "If you name or choose several, they are listed first, and you are asked to confirm; in scripts, pass --yes.",
    examples: ["dome agents activate support-triage", "dome agents activate --label team=support --dry-run"],
  });
