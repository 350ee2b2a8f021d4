/** `dome agents activate` */
import type { Command } from "commander";
import type { Session } from "../../session.ts";
import { startCommand } from "./start.ts";

export const activateCommand = (session: Session): Command =>
  startCommand(session, "activate", {
    name: "activate",
    summary: "Activate an agent: it may use its declared surface",
    description:
      "Activate an agent: it may use its declared surface. It also cancels a drain. A suspended agent is resumed instead.",
    examples: ["dome agents activate support-triage"],
  });
